import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApi, type RunningApi } from '#api/server.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { createLogger } from '#observability/logging.ts';
import { freePorts } from '#local/ports.ts';
import { TestInstallation } from '../servers/installation.ts';
import { enter, startBrowser } from './browser.ts';

const owner = { email: 'owner@example.org', password: 'correct horse battery staple' };

describe('an operator who looks for drift, in a browser', () => {
  let installation: TestInstallation;
  let api: RunningApi;
  let browser: Browser;
  let page: Page;
  let tenantId: string;
  const complaints: string[] = [];

  before(async function () {
    this.timeout(120_000);
    const [port = 0] = await freePorts(1);
    installation = await TestInstallation.start({
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
    });
    api = await startApi(installation.configuration, { logger: createLogger('test', { level: 'fatal' }) });
    await installation.startWorker();
    await createOwner(installation.em, owner.email, owner.password);
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi' }));
    browser = await startBrowser();
    page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(at('/sign-in'));
    await page.getByLabel('E-mail address').fill(owner.email);
    await page.getByLabel('Password', { exact: true }).fill(owner.password);
    await enter(page);
    await page.waitForURL('**/tenants');
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
    await installation?.stop();
  });

  const at = (path: string) => `${installation.configuration.publicUrl}${path}`;
  const role = () => schemaNameOf(tenantId);
  const check = async () => {
    await page.goto(at('/findings/drift'));
    await page.getByRole('button', { name: 'Check all now' }).click();
    await page.waitForURL('**/runs/*');
    await page.getByText('Succeeded').first().waitFor();
  };

  it('checks now, sees what differs on the tenant too, and repairs it', async () => {
    await installation.asAdmin(null, `alter role ${role()} connection limit 3`);
    await check();
    await page.goto(at(`/tenants/${tenantId}`));
    await page.getByRole('link', { name: '1 difference' }).click();
    await page.waitForURL('**/findings/drift?tenantId=*');
    await page.getByText(`connection limit of role ${role()}`).waitFor();
    await page.getByRole('button', { name: 'Repair…' }).click();
    await page.getByRole('button', { name: 'Repair it' }).click();
    await page.waitForURL('**/runs/*');
    await page.getByText('Succeeded').first().waitFor();
    await page.goto(at('/findings/drift'));
    await page.getByText('Nothing differs').waitFor();
  });

  it('accepts a difference with a reason and a day', async () => {
    await installation.asAdmin(null, `alter role ${role()} connection limit 4`);
    await check();
    await page.goto(at('/findings/drift'));
    await page.getByRole('button', { name: 'Accept…' }).click();
    await page.getByLabel('Why').fill('They asked for a limit.');
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await page.getByText('Nothing differs').waitFor();
    await page.goto(at('/findings/drift?state=accepted'));
    await page.getByText('They asked for a limit.').waitFor();
  });

  it('sweeps now, and reads that nobody is unknown', async () => {
    await page.goto(at('/findings/orphans'));
    await page.getByRole('button', { name: 'Sweep now' }).click();
    await page.waitForURL('**/runs/*');
    await page.getByText('Succeeded').first().waitFor();
    await page.goto(at('/findings/orphans'));
    await page.getByRole('heading', { name: 'No orphans' }).waitFor();
    await page.getByRole('heading', { name: 'No ghosts' }).waitFor();
    assert.deepEqual(complaints, []);
  });
});
