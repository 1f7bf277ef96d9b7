import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';

/** Debian's, or any other, when named; else the one that the npm package carries. */
export async function startBrowser(): Promise<Browser> {
  return playwright.launch({
    executablePath: process.env['TEST_CHROMIUM'] ?? (await chromium.executablePath()),
    // Made for scraping, the package switches off what is to be tested here: the same-origin policy.
    args: chromium.args.filter((arg) => arg !== '--disable-web-security'),
    headless: true,
  });
}

/** A picture of the page for whoever wants to look at it: `TEST_SCREENSHOTS` names the folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['TEST_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
