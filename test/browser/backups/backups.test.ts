import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { partKeyOf } from '#domain/backups/format/manifest.ts';
import { watchBackups } from '#domain/backups/watching/watch.ts';
import { personWith } from '#test/api/personWith.ts';
import { BackupWorld } from '#test/scenarios/backups/backupWorld.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

const dayMs = 86_400_000;

describe('backups, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let world: BackupWorld;
  let [fresh, stale] = ['', ''];

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start({});
    const { api } = pages;
    world = new BackupWorld(api.installation);
    await api.installation.startWorker();
    ({ tenantId: fresh } = await api.installation.provision({ name: 'Åbo Akademi' }));
    ({ tenantId: stale } = await api.installation.provision({ name: 'Zweigstelle Nord' }));
    await world.make(stale, new Date(Date.now() - 3 * dayMs));
    await watchBackups(api.installation.em, 500);
    page = await pages.newPage(api.cookie);
  });
  after(() => pages?.stop());

  it('tell of the whole fleet who is protected and who is not, and lead to each', async () => {
    await page.goto(pages.at('/backups'));
    await page.getByText('0 of 2 tenants are protected as their plans promise, 1 are not').waitFor();
    await look(page, 'backups-fleet');
    await fits(page);
    await page
      .getByRole('navigation', { name: 'Which tenants' })
      .getByRole('link', { name: /^Stale/ })
      .press('Enter');
    await page.waitForURL(/show=stale/);
    await page.getByRole('link', { name: 'Zweigstelle Nord' }).waitFor();
    await becomes(() => page.getByRole('link', { name: 'Åbo Akademi' }).count(), 0);
    await page.getByRole('link', { name: 'Zweigstelle Nord' }).press('Enter');
    await page.getByText('Its newest backup is older than its plan promises.').waitFor();
    await page.goto(pages.at('/tasks'));
    await page.getByText('Tenants of Standard are not protected as promised').waitFor();
  });

  it('are made from the page of a tenant, whose calendar shows them', async () => {
    await page.goto(pages.at(`/tenants/${fresh}`));
    await page.getByRole('link', { name: 'Backups', exact: true }).last().press('Enter');
    await page.getByText('No backups yet').waitFor();
    await look(page, 'backups-none');
    await press(page, 'Back up now');
    await page.getByText('Protected', { exact: true }).waitFor();
    await page.getByText('the newest good one, among the last, young, of its day, of its week, of its month').waitFor();
    await page.getByText('As a list').click();
    await page
      .getByRole('listitem')
      .filter({ hasText: `${new Date().toISOString().slice(0, 10)}: 1 kept` })
      .waitFor();
    await look(page, 'backups-of-a-tenant');
    await fits(page);
  });

  it('are read again; one that is broken is told as such, with what could be restored instead', async () => {
    const broken = await world.make(fresh);
    const path = join(
      world.installation.configuration.backups.place,
      partKeyOf({ tenantId: fresh, backupId: broken.id }, 1),
    );
    const bytes = await readFile(path);
    bytes[bytes.length - 20]! ^= 1;
    await writeFile(path, bytes);
    await page.goto(pages.at(`/tenants/${fresh}/backups`));
    await page
      .getByRole('button', { name: /^Read again the backup of/ })
      .first()
      .press('Enter');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Needs attention', { exact: true }).first().waitFor();
    await page.goto(pages.at(`/tenants/${fresh}/backups`));
    await page.getByText('Broken', { exact: true }).waitFor();
    await look(page, 'backup-broken');
  });

  it('are paused with a reason, and go on', async () => {
    await page.goto(pages.at(`/tenants/${fresh}/backups`));
    await press(page, 'Pause the backups of Åbo Akademi');
    const dialog = page.getByRole('dialog', { name: 'Pause the backups of Åbo Akademi' });
    await dialog.getByRole('button', { name: 'Pause', exact: true }).press('Enter');
    await dialog
      .getByText(/Too small|must|expected/i)
      .first()
      .waitFor();
    await dialog.getByLabel('Reason').fill('They move house.');
    await look(page, 'backups-pause');
    await dialog.getByLabel('Reason').press('Enter');
    await page.getByText('They move house.').waitFor();
    await press(page, 'Resume the backups of Åbo Akademi');
    await page.getByText('Protected', { exact: true }).waitFor();
  });

  it('are held one by one, with a reason, which the tenant’s end tells too, and let go again', async () => {
    await page.goto(pages.at(`/tenants/${stale}/backups`));
    const hold = page.getByRole('button', { name: /^Hold the backup of/ });
    await becomes(() => hold.isEnabled(), true);
    await hold.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Keep this backup' });
    await dialog.getByLabel('Reason').fill('Case 41');
    await look(page, 'backup-hold');
    await dialog.getByRole('button', { name: 'Set the hold' }).press('Enter');
    const lift = page.getByRole('button', { name: /^Lift the hold on the backup of/ });
    await lift.waitFor();
    await page.getByText(/, legal hold/).waitFor();
    await look(page, 'backup-held');
    await fits(page);
    await page.goto(pages.at(`/tenants/${stale}/offboarding`));
    await page.getByText('A hold on one of its backups forbids it too').waitFor();
    await page.getByText('Case 41').waitFor();
    await page.getByRole('link', { name: 'see its backups' }).press('Enter');
    await becomes(() => lift.isEnabled(), true);
    await lift.press('Enter');
    await hold.waitFor();
  });

  it('are promised otherwise by the editor of the policy, which tells what cannot be kept', async () => {
    await page.goto(pages.at('/backups'));
    await page.getByRole('link', { name: 'Standard', exact: true }).press('Enter');
    await page.getByRole('heading', { name: 'Backups of Standard' }).waitFor();
    await look(page, 'backups-policy');
    await fits(page);
    await page.getByLabel('Every').selectOption('12');
    await page.getByLabel('Window, in minutes').fill('1000');
    await press(page, 'Save');
    await page.getByText('must not be longer than the time to the next window').waitFor();
    await look(page, 'backups-policy-refused');
    await page.getByLabel('Window, in minutes').fill('60');
    await page.getByLabel('Weekly').fill('4');
    await page.getByLabel('Days between two drills').fill('');
    await press(page, 'Save');
    await page.getByText('Saved.').waitFor();
    const { body } = await pages.api.ask('GET', '/api/v1/plans/standard/backups');
    assert.partialDeepStrictEqual(body, {
      rules: { everyHours: 12, windowMinutes: 60, drillDays: null, keep: { weekly: 4 } },
    });
  });

  it('of a plan are made now by one run', async () => {
    await page.goto(pages.at('/backups'));
    await press(page, 'Back up the tenants of Standard now');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    await page.goto(pages.at('/backups'));
    await page.getByText('2 of 2 tenants are protected as their plans promise').waitFor();
    await look(page, 'backups-all-protected');
  });

  it('are looked at, and not touched, by who may only read', async () => {
    const { cookie } = await personWith(world.installation, [{ role: 'auditor' }]);
    const reader = await pages.newPage(cookie);
    await reader.goto(pages.at(`/tenants/${fresh}/backups`));
    await reader.getByRole('heading', { name: 'Backups', exact: true, level: 1 }).waitFor();
    await becomes(() => reader.getByRole('button', { name: /Back up now|Pause|Read again/ }).count(), 0);
    await reader.goto(pages.at('/backups/policies/standard'));
    await reader.getByRole('heading', { name: 'Backups of Standard' }).waitFor();
    await becomes(() => reader.getByLabel('Window, in minutes').isDisabled(), true);
    await becomes(() => reader.getByRole('button', { name: 'Save' }).count(), 0);
  });
}).timeout(90_000);
