import type { Browser, Page, Response } from 'playwright-core';
import { patience } from '../run/patience.ts';

const shownWithinMs = 20_000 * patience;

/** Of our own pages: others (the API's description, Temporal's UI) never set the mark. */
const listens = 'html[data-hydrated], body:not(:has(> .page-root))';

/**
 * Lets `goto` and `reload` of every page end when the page's script runs. On a busy machine that is long after its load event, and what is pressed or read before is lost:
 * people are slower than that, tests are not.
 */
export function hydratedFirst(browser: Browser): Browser {
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.on('page', waitWithEachPage);
    return context;
  };
  return browser;
}

function waitWithEachPage(page: Page): void {
  const settled = async (response: Response | null): Promise<Response | null> => {
    await page.locator(listens).first().waitFor({ state: 'attached' });
    return response;
  };
  const { goto, reload } = page;
  page.setDefaultTimeout(shownWithinMs);
  page.goto = async (...args) => settled(await goto.apply(page, args));
  page.reload = async (...args) => settled(await reload.apply(page, args));
}
