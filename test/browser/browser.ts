import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';

/**
 * Made for scraping, the package switches off what is to be tested here: the same-origin policy, and with all in one process the
 * borders between browser contexts, whose requests then carry each other's cookies.
 */
const left = new Set(['--disable-web-security', '--single-process', '--no-zygote']);

/** Debian's, or any other, when named; else the one that the npm package carries. */
export async function startBrowser(): Promise<Browser> {
  return playwright.launch({
    executablePath: process.env['TEST_CHROMIUM'] ?? (await chromium.executablePath()),
    args: chromium.args.filter((arg) => !left.has(arg)),
    headless: true,
  });
}

/** A picture of the page for whoever wants to look at it: `TEST_SCREENSHOTS` names the folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['TEST_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
