import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { freePorts } from '#local/ports.ts';
import { ApiInstallation, ask } from '../api/apiInstallation.ts';
import { withKey } from '../api/cases/apiKeyCases.ts';
import { becomes, shoot, startBrowser } from './browser.ts';

describe('API keys, in a browser', () => {
  let api: ApiInstallation;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  before(async function () {
    this.timeout(120_000);
    const [port = 0] = await freePorts(1);
    api = await ApiInstallation.start((same) => same, {
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
    });
    browser = await startBrowser();
    const context = await browser.newContext();
    const [name = '', value = ''] = api.cookie.split('=');
    await context.addCookies([{ name, value, url: api.installation.configuration.publicUrl }]);
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${api.installation.configuration.publicUrl}/settings/api-keys`);
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
  });

  const opens = async (key: string): Promise<number> =>
    (await ask(api.url, 'GET', '/api/v1/plans', withKey(key))).status;
  let first = '';

  it('one is made with what it may do, shown once, and works', async () => {
    await page.getByText('No keys').waitFor();
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByText('choose at least one').waitFor();
    await page.getByLabel('What holds it').fill('Nightly pipeline');
    await page.getByRole('group', { name: 'Plans' }).getByLabel('read').check();
    await page.getByRole('group', { name: 'Tenants' }).getByLabel('create').check();
    await becomes(() => page.getByRole('group', { name: 'People' }).getByLabel('manage').count(), 0);
    await shoot(page, 'api-keys-new');
    await page.getByRole('button', { name: 'Make it' }).press('Enter');
    first = await page.locator('dialog code').innerText();
    assert.match(first, /^tnt_[0-9A-Za-z]{28}$/);
    assert.equal(await opens(first), 200);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByText(`tnt_…${first.slice(-4)}`).waitFor();
    await becomes(() => page.getByText(first).count(), 0);
    await shoot(page, 'api-keys');
  });

  it('it is rotated, and the old one goes on for a while', async () => {
    await page.getByRole('button', { name: 'Rotate Nightly pipeline' }).click();
    await page.getByRole('button', { name: 'Rotate', exact: true }).click();
    const second = await page.locator('dialog code').innerText();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByText('Replaced').waitFor();
    assert.deepEqual([await opens(first), await opens(second)], [200, 200]);
  });

  it('it is revoked, after a question', async () => {
    const row = page.getByRole('row').filter({ hasText: first.slice(-4) });
    await row.getByRole('button', { name: 'Revoke Nightly pipeline' }).click();
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByText('Revoked').waitFor();
    assert.equal(await opens(first), 401);
    await page.getByRole('link', { name: "Everybody's" }).click();
    await page.getByRole('columnheader', { name: 'Owner' }).waitFor();
  });

  it('nothing is cut off at 360 px', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await shoot(page, 'api-keys-narrow');
    await becomes(() => page.evaluate('document.documentElement.scrollWidth'), 360);
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByLabel('Where').selectOption('plan');
    await shoot(page, 'api-keys-new-narrow');
    await becomes(() => page.evaluate('document.documentElement.scrollWidth'), 360);
    assert.deepEqual(complaints, []);
  });
});
