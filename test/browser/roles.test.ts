import assert from 'node:assert/strict';
import { startApi, type RunningApi } from '#api/server.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { createLogger } from '#observability/logging.ts';
import type { Browser, Page } from 'playwright-core';
import { personWith } from '#test/api/personWith.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { press, startBrowser } from './browser.ts';

const owner = { email: 'owner@example.org', password: 'correct horse battery staple' };

describe('roles, in a browser', () => {
  let installation: TestInstallation;
  let api: RunningApi;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const at = (path: string) => `http://localhost:${new URL(api.url).port}${path}`;
  const shown = async (name: string) => {
    const folder = process.env['TEST_SCREENSHOTS'];
    if (folder) await page.screenshot({ path: `${folder}/roles-${name}.png`, fullPage: true });
  };

  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '' });
    api = await startApi(installation.configuration, { logger: createLogger('test', { level: 'fatal' }) });
    await createOwner(installation.em, owner.email, owner.password);
    browser = await startBrowser();
    page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(at('/sign-in'));
    await page.getByLabel('E-mail address').fill(owner.email);
    await page.getByLabel('Password', { exact: true }).fill(owner.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL('**/tenants');
  });
  after(async () => {
    await browser?.close();
    await api?.stop();
    await installation?.stop();
  });

  it('makes a role by keyboard, changes it, and deletes it while nobody has it', async () => {
    await page.goto(at('/settings/roles'));
    await press(page, 'New role…');
    await page.getByLabel('Title').fill('Night watch');
    await page.getByRole('group', { name: 'Runs' }).getByLabel('read').check();
    await page.getByRole('group', { name: 'Runs' }).getByLabel('cancel').check();
    await shown('new');
    await page.getByLabel('Title').press('Enter');
    const card = page.getByRole('article', { name: 'Night watch' });
    await card.getByText('2 permissions').waitFor();
    await card.getByRole('button', { name: 'Change…' }).click();
    await page.getByRole('group', { name: 'Tasks' }).getByLabel('read').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await card.getByText('3 permissions').click();
    await shown('list');
    await card.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete the role' }).click();
    await card.waitFor({ state: 'detached' });
    assert.deepEqual(complaints, []);
  });

  it('tells at the field what the API refuses', async () => {
    await page.getByRole('button', { name: 'New role…' }).click();
    await page.getByLabel('Title').fill('Auditor');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('must permit something', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Only reading' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('is taken', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  it('fits 360 pixels', async () => {
    await page.setViewportSize({ width: 360, height: 780 });
    await page.goto(at('/settings/roles'));
    await page.getByRole('heading', { name: 'Owner', exact: true }).waitFor();
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    await shown('narrow');
    await page.setViewportSize({ width: 1280, height: 720 });
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  });

  it('hides what a role for one plan does not open, and shows an auditor all and nothing to change', async () => {
    const seen = async (cookie: string) => {
      const context = await browser.newContext();
      await context.addCookies([{ name: 'tenantry', value: cookie.split('=')[1]!, url: at('/') }]);
      const theirs = await context.newPage();
      await theirs.goto(at('/'));
      await theirs.getByRole('navigation', { name: 'Main' }).waitFor();
      const places = (await theirs.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts()).map(
        (text) => text.trim(),
      );
      const mayCreate = await theirs.getByRole('link', { name: /new tenant|create/i }).count();
      return { places, mayCreate: mayCreate > 0 };
    };
    const scope = { kind: 'plan', plan: 'standard' } as const;
    const support = await seen((await personWith(installation, [{ role: 'support', scope }])).cookie);
    assert.deepEqual(support, {
      places: ['Tenants', 'Licences', 'Backups', 'Onboarding', 'Runs', 'Tasks', 'Settings'],
      mayCreate: false,
    });
    const auditor = await seen((await personWith(installation, [{ role: 'auditor' }])).cookie);
    assert.ok(auditor.places.includes('Blueprints') && auditor.places.includes('Settings'), auditor.places.join());
    assert.equal(auditor.mayCreate, false);
    const admin = await seen((await personWith(installation, [{ role: 'admin', scope }])).cookie);
    assert.equal(admin.mayCreate, true);
    assert.ok(!admin.places.includes('Blueprints'));
  });
}).timeout(60_000);
