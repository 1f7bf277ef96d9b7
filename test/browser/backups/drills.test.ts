import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { checkout } from '#local/paths.ts';
import { personWith } from '#test/api/personWith.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { plantHistory } from '#test/scenarios/drills/plantHistory.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('drills, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let migrations: string;
  let tenantId = '';
  /** What the pages asked for and was not there. */
  const missing: string[] = [];

  before(async function () {
    this.timeout(120_000);
    migrations = await mkdtemp(join(tmpdir(), 'tenantry-drilled-'));
    await cp(join(checkout, 'migrations', 'tenant'), migrations, { recursive: true });
    pages = await OpenedPages.start({ TENANTRY_TENANT_MIGRATIONS: migrations });
    const { installation } = pages.api;
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi' }));
    page = await pages.newPage(pages.api.cookie);
    page.on('response', (response) => {
      if (response.status() === 404) missing.push(`${response.url()} from ${page.url()}`);
    });
  });
  after(async () => {
    await pages?.stop();
    await rm(migrations, { recursive: true, force: true });
  });

  const ofTenant = () => page.goto(pages.at(`/tenants/${tenantId}/backups`));

  it('are begun from the page of a tenant once it has a backup, and tell what they found', async () => {
    await ofTenant();
    await page.getByText('No backups yet').waitFor();
    await becomes(() => page.getByRole('button', { name: 'Prove now' }).count(), 0);
    await plantHistory(pages.api.installation, tenantId, 40);
    await keepBackup(pages.api.installation, tenantId);
    await ofTenant();
    await press(page, 'Prove now');
    await page.waitForURL(/\/drills\//);
    await page.getByText('Proven', { exact: true }).waitFor();
    await page.getByText('Every table is what was backed up, byte for byte').waitFor();
    await page.getByText('smoke.sql').waitFor();
    await page.getByText('Removed, with its role. Nothing is left of it.').waitFor();
    await look(page, 'drill-proven');
    await fits(page);
  });

  it('tell each check of one that did not hold', async () => {
    await writeFile(join(migrations, 'checks', 'no_migrations.sql'), 'select 1 as wrong union all select 2');
    await press(page, 'Prove again');
    await page.getByText('Did not hold', { exact: true }).waitFor();
    await page.getByRole('row', { name: /no_migrations\.sql.*Does not hold.*2 wrong rows/s }).waitFor();
    await page.getByRole('row', { name: /smoke\.sql.*Holds/s }).waitFor();
    await look(page, 'drill-failed');
    await rm(join(migrations, 'checks', 'no_migrations.sql'));
  });

  it('draw what could have been lost and how long a restore took, by the keyboard too and as a table', async () => {
    await ofTenant();
    const days = page.getByRole('slider', { name: /^How old the newest backup was/ });
    await days.waitFor();
    await becomes(() => days.getAttribute('aria-valuetext'), /^\d+ \w+: .+/);
    const last = await days.inputValue();
    await days.focus();
    await page.keyboard.press('ArrowLeft');
    await becomes(() => days.inputValue(), String(Number(last) - 1));
    await becomes(() => days.getAttribute('aria-valuetext'), /^\d+ \w+: 1 d 0 h/);
    await page.getByText(/More than promised on \d+ of \d+ days/).waitFor();
    await page.getByText('As a table').first().click();
    await becomes(
      () =>
        page
          .getByRole('table', { name: /How old the newest backup/ })
          .getByRole('row')
          .count(),
      42,
    );
    await page.getByText('As a table').first().click();
    await look(page, 'backups-trends');
    await fits(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await look(page, 'backups-trends-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(pages.at('/backups/policies/standard'));
    await page.getByRole('slider', { name: /^How long restores took/ }).waitFor();
    await page.getByText('That is 28 h. Alarms begin here.').waitFor();
    await look(page, 'backups-policy-trends');
    await fits(page);
  });

  it('are told of all tenants, who is proven and who is not, and lead to each', async () => {
    await page.goto(pages.at('/backups'));
    await page.getByRole('link', { name: 'Drills', exact: true }).press('Enter');
    await page
      .getByText('The backups of 0 of 1 tenants are proven by a restore as their plans promise, of 1 they are not')
      .waitFor();
    await look(page, 'drills-fleet');
    await fits(page);
    await page
      .getByRole('navigation', { name: 'Which tenants' })
      .getByRole('link', { name: /^Failing/ })
      .press('Enter');
    await page.waitForURL(/show=failing/);
    await page.getByRole('link', { name: 'Did not hold' }).press('Enter');
    await page.getByRole('heading', { name: 'Drill of Åbo Akademi' }).waitFor();
  });

  it('are looked at, and not begun, by who may only read', async () => {
    const { cookie } = await personWith(pages.api.installation, [{ role: 'auditor' }]);
    const reader = await pages.newPage(cookie);
    await reader.goto(pages.at(`/tenants/${tenantId}/backups`));
    await reader.getByRole('heading', { name: 'Drills' }).waitFor();
    await becomes(() => reader.getByRole('button', { name: /Prove/ }).count(), 0);
    await reader.close();
  });

  it('and backups are signed for auditors, as a file and on paper; days that lie ahead are refused', async () => {
    await ofTenant();
    await page.getByRole('link', { name: 'Sign evidence' }).press('Enter');
    await page.getByLabel('To', { exact: true }).fill('2099-01-01');
    await press(page, 'Sign evidence');
    await page.getByText(/must (be at most 366 days|not lie in the future)/).waitFor();
    await look(page, 'evidence-refused');
    await page.getByLabel('To', { exact: true }).fill(new Date().toISOString().slice(0, 10));
    await press(page, 'Sign evidence');
    await page.waitForURL(/\/evidence\/.{36}$/);
    await page.getByRole('heading', { name: 'What was promised' }).waitFor();
    await page.getByText('not no_migrations.sql').waitFor();
    await look(page, 'evidence');
    await fits(page);
    await page.emulateMedia({ media: 'print' });
    await becomes(() => page.getByRole('navigation', { name: 'Main' }).isVisible(), false);
    await becomes(() => page.getByRole('button', { name: 'Print' }).isVisible(), false);
    await look(page, 'evidence-print');
    await page.emulateMedia({ media: 'screen' });
    await page.goto(pages.at('/backups/evidence'));
    await page.getByRole('link', { name: 'Åbo Akademi' }).waitFor();
    await look(page, 'evidence-list');
    await fits(page);
  });

  it('ask for nothing that is not there', () => assert.deepEqual(missing, []));
}).timeout(90_000);
