import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { bucketNameOf } from '#domain/resources/names.ts';
import { addMember } from '#test/scenarios/handover/ownership.ts';
import { personWith } from '../../api/personWith.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('the restore of a tenant, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let tenantId = '';

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    const { installation } = pages.api;
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi', slug: 'abo' }));
    page = await pages.newPage(pages.api.cookie);
  });
  after(() => pages?.stop());

  const open = () => page.goto(pages.at(`/tenants/${tenantId}/restore`));

  it('is reached from its page, and says that there is nothing yet', async () => {
    await page.goto(pages.at(`/tenants/${tenantId}`));
    await page.getByRole('link', { name: 'Restore', exact: true }).press('Enter');
    await page.getByText('There is nothing that could be restored.').waitFor();
  });

  it('shows what it would do before it does it, and makes a tenant beside', async () => {
    await keepBackup(pages.api.installation, tenantId);
    await open();
    await press(page, 'Show what it would do');
    await page.getByText('Make a new tenant, which nobody can reach yet').waitFor();
    await becomes(() => page.getByRole('button', { name: 'Make the new tenant' }).isDisabled(), true);
    await page.getByLabel('Name of the new tenant').fill('Åbo beside');
    await look(page, 'restore-beside');
    await fits(page);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
  });

  it('replaces what is there when the address is typed out, and leads to the way back', async () => {
    await open();
    await page.getByRole('radio', { name: /In place/ }).check();
    await press(page, 'Show what it would do');
    await page.getByText('nobody gets in from here on').waitFor();
    const begin = page.getByRole('button', { name: 'Replace what is there' });
    await becomes(() => begin.isDisabled(), true);
    await page.getByLabel(/Type the address/).fill('abo');
    await look(page, 'restore-in-place');
    await fits(page);
    await press(page, 'Replace what is there');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    await open();
    await page.getByRole('link', { name: 'take it back' }).waitFor();
    await look(page, 'restores');
    await fits(page);
  });

  it('brings back a person who is gone and an object, and nothing else', async () => {
    const { installation } = pages.api;
    const gone = await addMember(installation, { tenantId, slug: 'abo' }, 'gone@abo.example', 'member');
    const folder = join(installation.configuration.storageDir, bucketNameOf(tenantId));
    await writeFile(join(folder, 'one.txt'), 'then');
    await writeFile(join(folder, 'two.txt'), 'then');
    await keepBackup(installation, tenantId);
    await writeFile(join(folder, 'one.txt'), 'now');
    await writeFile(join(folder, 'two.txt'), 'now');
    await installation.asAdmin(null, 'delete from users where id = $1', [gone]);
    await open();
    await page.getByRole('radio', { name: /In place/ }).check();
    await press(page, 'Show what it would do');
    await page.getByText('Only some objects').click();
    await page.getByLabel('Names of objects').fill('one.txt');
    await page.getByText('Only some people').click();
    await page.getByRole('checkbox', { name: /gone@abo/ }).check();
    await page.getByRole('row', { name: /realm/ }).getByText('the chosen come back').waitFor();
    await page
      .getByRole('row', { name: /database/ })
      .getByText('stays as it is')
      .waitFor();
    await look(page, 'restore-chosen');
    await fits(page);
    await page.getByLabel(/Type the address/).fill('abo');
    await press(page, 'Replace what is there');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    assert.deepEqual(
      [await readFile(join(folder, 'one.txt'), 'utf8'), await readFile(join(folder, 'two.txt'), 'utf8')],
      ['then', 'now'],
    );
    const people = await installation.asAdmin(null, 'select 1 from users where id = $1', [gone]);
    assert.equal(people.length, 1);
  });

  it('is only looked at by who may not restore', async () => {
    const auditor = await personWith(pages.api.installation, [{ role: 'auditor' }]);
    const theirs = await pages.newPage(auditor.cookie);
    await theirs.goto(pages.at(`/tenants/${tenantId}/restore`));
    await theirs.getByText('You may see what was restored, and not restore.').waitFor();
    await theirs.close();
  });
});
