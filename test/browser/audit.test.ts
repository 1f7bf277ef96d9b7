import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { freePorts } from '#local/ports.ts';
import { ApiInstallation } from '../api/apiInstallation.ts';
import { becomes, shoot, startBrowser } from './browser.ts';

describe('the audit, in a browser', () => {
  let api: ApiInstallation;
  let browser: Browser;
  let page: Page;
  let tenantId: string;
  const complaints: string[] = [];
  const at = (path: string) => `${api.installation.configuration.publicUrl}${path}`;

  before(async function () {
    this.timeout(120_000);
    const [port = 0] = await freePorts(1);
    api = await ApiInstallation.start((same) => same, {
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
    });
    await api.installation.startWorker();
    const created = await api.ask<{ tenantId: string; runId: string }>('POST', '/api/v1/tenants', {
      body: { name: 'Universität Uppsala' },
      headers: { 'x-request-id': 'first-request', 'user-agent': 'a script' },
    });
    tenantId = created.body.tenantId;
    await api.installation.runIsOver(created.body.runId);
    await api.ask('DELETE', `/api/v1/tenants/${tenantId}`, {
      body: { confirm: 'wrong' },
      headers: { 'x-request-id': 'refused' },
    });
    browser = await startBrowser();
    const context = await browser.newContext({ acceptDownloads: true });
    const [name = '', value = ''] = api.cookie.split('=');
    await context.addCookies([{ name, value, url: api.installation.configuration.publicUrl }]);
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(at('/audit'));
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
  });

  it('tells who did what, and is searched by what stands in the address', async () => {
    await page.getByRole('link', { name: 'Audit' }).waitFor();
    await page.getByText('owner@example.org').first().waitFor();
    await page.getByRole('textbox', { name: 'What', exact: true }).fill('tenant.created');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/type=tenant\.created/);
    await page.getByText('tenant.active').waitFor({ state: 'detached' });
    await page.locator('tbody summary').first().click();
    await page.getByText('first-request').click();
    await page.waitForURL(/requestId=first-request/);
    await page.getByText('run.opened').first().waitFor();
    await becomes(() => page.getByLabel('Request (id)').inputValue(), 'first-request');
  });

  it('tells what was refused', async () => {
    await page.goto(at('/audit?outcome=refused'));
    await page.getByText('confirmation_mismatch').waitFor();
    await becomes(() => page.getByLabel('Outcome').inputValue(), 'refused');
  });

  it('is verified on demand, and says when that was', async () => {
    await page.goto(at('/audit'));
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByText('Intact').waitFor();
    await page.getByRole('button', { name: 'Verify now' }).waitFor();
  });

  it('is downloaded', async () => {
    await page.goto(at(`/audit?tenantId=${tenantId}`));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'JSON Lines' }).click(),
    ]);
    assert.match(download.suggestedFilename(), new RegExp(`^audit-${tenantId}-.*\\.jsonl$`));
    assert.match(await readFile(await download.path(), 'utf8'), /"record":"end"/);
  });

  it('is readable on a telephone, without scrolling sideways', async () => {
    for (const [name, width] of [
      ['desktop', 1280],
      ['phone', 360],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(at('/audit'));
      await page.getByText('Intact').waitFor();
      await page.locator('tbody summary').first().click();
      await becomes(() => page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, name);
      await shoot(page, `audit-${name}`);
    }
    assert.deepEqual(complaints, []);
  });
});
