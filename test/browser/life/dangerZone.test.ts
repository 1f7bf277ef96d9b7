import type { Page } from 'playwright-core';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('the danger zone of a tenant, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let tenantId = '';

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start({});
    const { api } = pages;
    await api.installation.startWorker();
    ({ tenantId } = await api.installation.provision({ name: 'Åbo Akademi', slug: 'abo' }));
    page = await pages.newPage(api.cookie);
  });
  after(() => pages?.stop());

  const danger = () => page.goto(pages.at(`/tenants/${tenantId}/danger`));

  it('is reached from the page of the tenant, and plans a suspension, which both pages show', async () => {
    await page.goto(pages.at(`/tenants/${tenantId}`));
    await page.getByRole('link', { name: 'Danger zone' }).press('Enter');
    await page.getByRole('heading', { name: 'Suspend', exact: true }).waitFor();
    await look(page, 'danger-zone');
    await fits(page);
    await press(page, 'Suspend…');
    const dialog = page.getByRole('dialog', { name: 'Suspend Åbo Akademi?' });
    await dialog.getByLabel('Reason').fill('Three invoices are open.');
    await dialog.getByLabel(/Notice to the tenant/).fill('Please call us.');
    await dialog.getByLabel(/^Begins/).fill('2030-01-01T10:00');
    await dialog.getByLabel(/Type the address/).fill('abo');
    await look(page, 'suspend-dialog');
    await press(page, 'Plan the suspension');
    await page.getByText('Planned', { exact: true }).waitFor();
    await page.getByText('Three invoices are open.').waitFor();
    await page.goto(pages.at(`/tenants/${tenantId}`));
    await page.getByText('A suspension is planned').waitFor();
    await look(page, 'suspension-planned');
    await fits(page);
  });

  it('withdraws it, suspends at once when the address is typed out, and resumes', async () => {
    await danger();
    await press(page, 'Withdraw');
    await page.getByText('One earlier suspension').waitFor();
    await press(page, 'Suspend…');
    const dialog = page.getByRole('dialog', { name: 'Suspend Åbo Akademi?' });
    await dialog.getByLabel('Reason').fill('Three invoices are open.');
    await becomes(() => dialog.getByRole('button', { name: 'Suspend now' }).isDisabled(), true);
    await dialog.getByLabel(/Type the address/).fill('abo');
    await press(page, 'Suspend now');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    await page.goto(pages.at(`/tenants/${tenantId}`));
    await page.getByRole('link', { name: 'Resume' }).waitFor();
    await look(page, 'tenant-suspended');
    await danger();
    await press(page, 'Resume');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    await danger();
    await page.getByText('2 earlier suspensions').waitFor();
  });

  it('moves the tenant to another address, and takes it back by the run that did it', async () => {
    await danger();
    await press(page, 'Change the address…');
    const dialog = page.getByRole('dialog', { name: 'Another address for Åbo Akademi' });
    await dialog.getByLabel('New address').fill('aabo');
    await dialog.getByLabel(/Type the address/).fill('abo');
    await look(page, 'rename-dialog');
    await press(page, 'Move to the new address');
    await page.waitForURL(/\/runs\//);
    await page.getByText('The way back is open for').waitFor();
    await look(page, 'run-with-way-back');
    await press(page, 'Take it back');
    await page.getByText('Takes back').waitFor();
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    await danger();
    await page.getByText('leads here for').waitFor();
    await fits(page);
  });
}).timeout(90_000);
