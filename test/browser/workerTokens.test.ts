import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { freePorts } from '#local/ports.ts';
import { ApiInstallation } from '../api/apiInstallation.ts';
import { becomes, startBrowser } from './browser.ts';

describe('what own workers and services need, in a browser', () => {
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
    await page.goto(`${api.installation.configuration.publicUrl}/settings/worker-tokens`);
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
  });

  it('a token is issued for one queue, shown once, and revoked', async () => {
    await page.getByRole('button', { name: 'Issue a token' }).click();
    await page.getByLabel('Who holds it').fill('CRM team');
    await page.getByLabel('Task queue').fill('crm');
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    const token = await page.locator('dialog code').innerText();
    assert.match(token, /^twt_[0-9A-Za-z]{28}$/);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByText(`twt_…${token.slice(-4)}`).waitFor();
    await becomes(() => page.getByText(token).count(), 0);
    await page.getByRole('button', { name: 'Revoke the token of CRM team' }).click();
    await page.getByText('revoked').waitFor();
  });

  it('a signing secret is made, and replaced by another', async () => {
    await page.getByRole('button', { name: 'Make a secret' }).click();
    await becomes(() => page.locator('dialog code').innerText(), /^whsec_/);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByRole('button', { name: 'Replace the secret' }).click();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByText('signs along until').waitFor();
    assert.deepEqual(complaints, []);
  });
});
