import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { patience } from '../run/patience.ts';
import { hydratedFirst } from './hydratedFirst.ts';

/** Of a GPU that is computed: pages are drawn without one at half the cost. */
const gpu = [
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--in-process-gpu',
];

/**
 * Made for scraping, the package switches off what is to be tested here: the same-origin policy, and with all in one process the
 * borders between browser contexts, whose requests then carry each other's cookies.
 */
const left = new Set(['--disable-web-security', '--single-process', '--no-zygote', ...gpu]);

const unpackTries = 40;
const unpackMs = 250;

/** Debian's, or any other, when named; else the one that the npm package carries and unpacks when it is first asked for. */
export async function startBrowser(): Promise<Browser> {
  for (let attempt = 1; ; attempt += 1)
    try {
      const browser = await playwright.launch({
        executablePath: process.env['TEST_CHROMIUM'] ?? (await chromium.executablePath()),
        args: [...chromium.args.filter((arg) => !left.has(arg)), '--disable-gpu'],
        headless: true,
      });
      return hydratedFirst(browser);
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

/** Enter in the field that is focused, once the form hears it: until the page's script runs, its button is disabled. */
export async function enter(page: Page): Promise<void> {
  await page.locator('form button.primary:enabled').first().waitFor();
  await page.keyboard.press('Enter');
}

const becomesWithinMs = 20_000 * patience;

/** What a page shows follows its answers by moments: it is read until it is as expected, and told as it was last. */
export async function becomes<T>(
  read: () => Promise<T>,
  expected: (T extends string | null ? RegExp : never) | NoInfer<T>,
  message?: string,
): Promise<void> {
  const until = Date.now() + becomesWithinMs;
  for (;;) {
    const found = await read();
    const holds = expected instanceof RegExp ? expected.test(String(found)) : isDeepStrictEqual(found, expected);
    if (holds) return;
    if (Date.now() > until) {
      if (expected instanceof RegExp) assert.match(String(found), expected, message);
      else assert.deepEqual(found, expected, message);
    }
    await delay(50);
  }
}

/** Nothing of the page is cut off on a telephone of 360 pixels. */
export async function fits(page: Page): Promise<void> {
  await page.setViewportSize({ width: 360, height: 760 });
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
  await page.setViewportSize({ width: 1280, height: 860 });
  assert.ok(wide <= 360, `the page is ${wide} pixels wide on a telephone of 360`);
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
