import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApi, type RunningApi } from '#api/server.ts';
import { createSetupToken } from '#domain/people/ownership.ts';
import { createLogger } from '#observability/logging.ts';
import { freePorts } from '#local/ports.ts';
import { TestInstallation } from '../servers/installation.ts';
import { becomes, press, startBrowser } from './browser.ts';

describe('the first owner, in a browser', () => {
  let installation: TestInstallation;
  let api: RunningApi;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  before(async function () {
    this.timeout(120_000);
    const [port = 0] = await freePorts(1);
    installation = await TestInstallation.start({
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
    });
    assert.ok(installation.configuration.webBuild, 'the pages were not built');
    api = await startApi(installation.configuration, { logger: createLogger('test', { level: 'fatal' }) });
    await installation.startWorker();
    browser = await startBrowser();
    page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
    await installation?.stop();
  });

  const at = (path: string) => `${installation.configuration.publicUrl}${path}`;

  it('sets a password by the one-time link, and is told at the field what the API refuses', async () => {
    const token = await createSetupToken(installation.em);
    await page.goto(at(`/setup#${token}`));
    const email = page.getByLabel('E-mail address');
    await email.fill('owner@nowhere'); // fine for the browser, refused by the API
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery staple');
    await page.getByRole('button', { name: 'Set password and sign in' }).click();
    await page.locator('[aria-invalid=true]').waitFor();
    await becomes(() => email.inputValue(), 'owner@nowhere');
    await email.fill('owner@example.org');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/tenants');
  });

  it('sees the plan, creates a tenant by keyboard alone, and watches it become active without a reload', async () => {
    await page.goto(at('/tenants/new'));
    await page.getByLabel('Name').first().fill('Université de Besançon');
    await press(page, 'Show the plan');
    await page.getByText('Schema and role').waitFor();
    await press(page, /create/i);
    await page.waitForURL('**/runs/*');
    await page.getByText('Succeeded').first().waitFor();
    for (const title of ['Create the database', 'Create the sign-in realm', 'Open the doors'])
      await becomes(() => page.getByText(title).first().isVisible(), true, title);

    await page.reload();
    await page.getByText('Succeeded').first().waitFor();
    await page.goto(at('/tenants'));
    const row = page.getByRole('row', { name: /Université de Besançon/ });
    await row.getByText('Active').waitFor();
  });

  it('finds the portal of the active tenant, and none for an address that nobody has', async () => {
    await page.goto(at('/portal/universite-de-besancon'));
    await page.getByText('Université de Besançon').first().waitFor();
    const missing = await page.goto(at('/portal/nobody'));
    assert.equal(missing?.status(), 404);
  });

  it('meets no error in the console on the way', () => {
    const expected = /404|400/; // the browser itself notes answers that the tests asked for
    assert.deepEqual(
      complaints.filter((text) => !expected.test(text)),
      [],
    );
  });
});
