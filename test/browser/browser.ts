import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser } from 'playwright-core';

/** Debian's, or any other, when named; else the one that the npm package carries. */
export async function startBrowser(): Promise<Browser> {
  return playwright.launch({
    executablePath: process.env['TEST_CHROMIUM'] ?? (await chromium.executablePath()),
    // Made for scraping, the package switches off what is to be tested here: the same-origin policy.
    args: chromium.args.filter((arg) => arg !== '--disable-web-security'),
    headless: true,
  });
}
