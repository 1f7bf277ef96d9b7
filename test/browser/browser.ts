import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';

/**
 * Made for scraping, the package switches off what is to be tested here: the same-origin policy, and with all in one process the
 * borders between browser contexts, whose requests then carry each other's cookies.
 */
const left = new Set(['--disable-web-security', '--single-process', '--no-zygote']);

const unpackTries = 40;
const unpackMs = 250;

/** Debian's, or any other, when named; else the one that the npm package carries and unpacks when it is first asked for. */
export async function startBrowser(): Promise<Browser> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await playwright.launch({
        executablePath: process.env['TEST_CHROMIUM'] ?? (await chromium.executablePath()),
        args: chromium.args.filter((arg) => !left.has(arg)),
        headless: true,
      });
    } catch (error) {
      // Another file of the same run is unpacking it at this moment.
      if (!/ETXTBSY/.test(String(error)) || attempt === unpackTries) throw error;
      await delay(unpackMs);
    }
}

/** By the keyboard alone: what is focused is pressed, once it can be (the page's script runs, nothing is under way). */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  const button = page.getByRole('button', { name, exact: typeof name === 'string' });
  await button.click({ trial: true });
  await button.focus();
  await page.keyboard.press('Enter');
}

/** A picture of the page for whoever wants to look at it: `TEST_SCREENSHOTS` names the folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['TEST_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** The same at two widths: a desk's and a telephone's. */
export async function look(page: Page, name: string): Promise<void> {
  const folder = process.env['TEST_SCREENSHOTS'];
  if (!folder) return;
  await page.screenshot({ path: join(folder, `${name}-1280.png`), fullPage: true });
  await page.setViewportSize({ width: 360, height: 760 });
  await page.screenshot({ path: join(folder, `${name}-360.png`), fullPage: true });
  await page.setViewportSize({ width: 1280, height: 860 });
}
