import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

const file = `\uFEFFOrganisation;E-mail;External ID
Åbo Akademi;vera@abo.example;u-1
"Universität ""Köln""";;u-2

;nobody@example.org;u-3
Turun yliopisto;not an address;u-4
`;

describe('many tenants at once, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let folder: string;

  before(async function () {
    this.timeout(120_000);
    folder = await mkdtemp(join(tmpdir(), 'tenantry-folder-'));
    await writeFile(join(folder, '0001_tasks.sql'), 'create table tasks (id uuid primary key, title text not null)');
    pages = await OpenedPages.start({ TENANTRY_TENANT_MIGRATIONS: folder });
    await pages.api.installation.startWorker();
    page = await pages.newPage(pages.api.cookie);
  });
  after(async () => {
    await pages?.stop();
    await rm(folder, { recursive: true });
  });

  it('reads a file, shows what its columns are taken for, and reports what is wrong line by line', async () => {
    await page.goto(pages.at('/tenants'));
    await page.getByRole('link', { name: 'Import' }).first().press('Enter');
    await page.getByRole('link', { name: 'New import' }).press('Enter');
    await page
      .getByLabel('File of tenants')
      .setInputFiles({ name: 'customers.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
    await page.getByText('Choose the column that holds the names.').waitFor();
    await page.getByLabel('What Organisation tells').selectOption({ label: 'Name' });
    await look(page, 'import-new');
    await fits(page);
    await press(page, 'Send and check');
    await page.getByText('Ready to start', { exact: true }).waitFor();
    await page.getByText('It has no name.').waitFor();
    await look(page, 'import-report');
    await fits(page);
  });

  it('makes a tenant of each line that is right, once it is started', async () => {
    await press(page, 'Start…');
    await page.getByText('2 lines are wrong and are left out.').waitFor();
    await look(page, 'import-start');
    await press(page, 'Start without 2 lines');
    await page.getByText('Done', { exact: true }).first().waitFor();
    await look(page, 'import-done');
    await page.goto(pages.at('/imports'));
    await page.getByRole('link', { name: 'customers.csv' }).waitFor();
    await look(page, 'imports');
    await fits(page);
    await page.goto(pages.at('/tenants'));
    await page.getByText('Universität "Köln"').waitFor();
  });

  it('shows how far behind the fleet is, plans its migration, and follows it by waves', async () => {
    await writeFile(join(folder, '0002_due.sql'), 'alter table tasks add column due_at timestamptz');
    await pages.api.installation.until('the folder to be known', 20_000, async () => {
      const { body } = await pages.api.ask<{ behind: number }>('GET', '/api/v1/fleet');
      return body.behind === 2;
    });
    await page.goto(pages.at('/fleet'));
    await page.getByText('2 of 2 tenants are behind it').waitFor();
    await look(page, 'fleet');
    await fits(page);
    await press(page, 'Migrate to 2…');
    await page.getByLabel('Canary tenants').fill('1');
    await page.getByLabel('Minutes to look on after each wave').fill('0');
    await press(page, 'Show the plan');
    await page.getByText('0002_due', { exact: true }).waitFor();
    await look(page, 'fleet-plan');
    await press(page, 'Start');
    await page.waitForURL(/\/fleet\/[0-9a-f-]{36}/);
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    await look(page, 'fleet-canary');
    await fits(page);
    await press(page, 'Go on');
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    await look(page, 'fleet-done');
  });

  it('leaves nothing in the console of the browser', () => assert.deepEqual(pages.complaints, []));
}).timeout(90_000);
