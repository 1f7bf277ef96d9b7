import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { fits, look, press } from '../browser.ts';
import { MailedLinks } from '../portal/mailedLinks.ts';
import { OpenedPages } from '../openPages.ts';

const grace = 'grace@abo.example';

describe('handing over a tenant, and letting it go, in a browser', () => {
  let pages: OpenedPages;
  let mails: MailedLinks;
  let page: Page;
  let tenantId = '';

  before(async function () {
    this.timeout(120_000);
    mails = await MailedLinks.open();
    pages = await OpenedPages.start({ SMTP_URL: mails.smtpUrl });
    const { api } = pages;
    await api.installation.startWorker();
    ({ tenantId } = await api.installation.provision({
      name: 'Åbo Akademi',
      slug: 'abo',
      admin: { email: 'vera@abo.example', name: 'Vera Lind' },
    }));
    page = await pages.newPage(api.cookie);
  });
  after(async () => {
    await pages?.stop();
    await mails?.close();
  });

  const at = (path: string) => page.goto(pages.at(`/tenants/${tenantId}${path}`));
  const typeOut = () =>
    page
      .getByRole('dialog')
      .getByLabel(/Type the address/)
      .fill('abo');
  const succeeded = () => page.getByText('Succeeded', { exact: true }).first().waitFor();

  it('rotates the secrets, and says which still work', async () => {
    await at('/danger');
    await press(page, 'Rotate now…');
    await page.getByLabel(/Hours for which the old ones/).fill('0');
    await typeOut();
    await look(page, 'rotate-dialog');
    await press(page, 'Rotate');
    await page.waitForURL(/\/runs\//);
    await succeeded();
    await at('/danger');
    await page.getByText('rotated', { exact: true }).waitFor();
    await look(page, 'rotated');
    await fits(page);
  });

  it('asks somebody to own it, who agrees by the link of a mail', async () => {
    await press(page, 'Hand it over…');
    await page.getByRole('dialog').getByLabel('E-mail address').fill(grace);
    await typeOut();
    await look(page, 'ownership-dialog');
    await press(page, 'Ask them');
    await page.waitForURL(/\/runs\//);
    const run = page.url();
    const theirs = await pages.newPage();
    await theirs.goto(await mails.next(grace, '/ownership'));
    await theirs.getByRole('heading', { name: 'Åbo Akademi is to become yours' }).waitFor();
    await look(theirs, 'ownership-question');
    await press(theirs, 'Agree');
    await theirs.getByRole('status').waitFor();
    await look(theirs, 'ownership-agreed');
    await page.goto(run);
    await succeeded();
    await page.getByText('The way back is open for').waitFor();
    await look(page, 'ownership-run');
    await at('/danger');
    await page.getByText(`${grace} owns this tenant`).waitFor();
  });

  it('exports and suspends it, counts down, and takes it back while there is time', async () => {
    await at('/danger');
    await press(page, 'Offboard…');
    await page.getByLabel(/Days in which it can be undone/).fill('30');
    await typeOut();
    await look(page, 'offboard-dialog');
    await press(page, 'Offboard the tenant');
    await page.getByText('until everything of this tenant is erased').waitFor();
    await page.getByText('good for').waitFor();
    await look(page, 'offboarding');
    await fits(page);
    await press(page, 'Set a hold…');
    await page.getByLabel('Reason').fill('A court asks for the books of 2025.');
    await press(page, 'Set the hold');
    await page.getByText('A court asks for the books of 2025.').waitFor();
    await look(page, 'offboarding-held');
    await press(page, 'Lift the hold');
    await page.getByRole('button', { name: 'Set a hold…' }).waitFor();
    await press(page, 'Undo the offboarding');
    await page.getByText('Undone', { exact: true }).waitFor();
  });

  it('gives the copy to who has the link, erases everything without a time of grace, and certifies it', async () => {
    await at('/danger');
    await press(page, 'Offboard…');
    await page.getByLabel(/Days in which it can be undone/).fill('0');
    await typeOut();
    await press(page, 'Offboard the tenant');
    await page.getByRole('link', { name: 'Certificate' }).waitFor({ timeout: 60_000 });
    await look(page, 'offboarding-ended');
    await page.getByRole('link', { name: 'Certificate' }).press('Enter');
    await page.getByText('was destroyed').waitFor();
    await look(page, 'certificate');
    await fits(page);
    await page.goto(pages.at('/export#texp_thislinkislongenoughbutnone'));
    await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await look(page, 'export-lost');
  });

  it('leaves nothing in the console of the browser', () => assert.deepEqual(pages.complaints, []));
}).timeout(90_000);
