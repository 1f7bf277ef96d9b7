import assert from 'node:assert/strict';
import { generateSync } from 'otplib';
import type { Page } from 'playwright-core';
import { NameServer } from '../../servers/nameServer.ts';
import { becomes, look, press } from '../browser.ts';
import { MailedLinks } from './mailedLinks.ts';
import { OpenedPages } from '../openPages.ts';

const password = 'velvet marmot orbit 7';
const stepMs = 30_000;

describe('the beginning of a tenant, in browsers', () => {
  let pages: OpenedPages;
  let mails: MailedLinks;
  let dns: NameServer;
  /** Olga of the platform, and Vera, who begins. */
  let olga: Page;
  let vera: Page;
  let tenantId = '';

  before(async function () {
    this.timeout(120_000);
    mails = await MailedLinks.open();
    dns = await NameServer.start({ records: null });
    pages = await OpenedPages.start({ SMTP_URL: mails.smtpUrl, TENANTRY_DNS_SERVERS: dns.address });
    await pages.api.installation.startWorker();
    olga = await pages.newPage(pages.api.cookie);
    vera = await pages.newPage();
  });
  after(async () => {
    await pages?.stop();
    await dns?.stop();
    await mails?.close();
  });

  const portal = (path = '') => pages.at(`/portal/abo${path}`);
  const item = (title: string) => vera.getByRole('listitem').filter({ hasText: title });
  const board = () => olga.getByRole('article').filter({ hasText: 'Åbo Akademi' });

  async function unfold(title: string): Promise<void> {
    const summary = item(title).locator('summary');
    if (
      !(await item(title)
        .locator('details')
        .getAttribute('open')
        .then((open) => open !== null))
    ) {
      await summary.focus();
      await vera.keyboard.press('Enter');
    }
  }

  it('stands on the board from its first moment: what waits, and on whom', async () => {
    const { installation } = pages.api;
    const admin = { email: 'vera@abo.example', name: 'Vera Lind' };
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi', slug: 'abo', admin }));
    await olga.goto(pages.at('/onboarding'));
    await olga.getByRole('heading', { name: /^Invitation/ }).waitFor();
    await board().getByText('Waits on the tenant').waitFor();
    await look(olga, 'onboarding-board');
  });

  it('who accepts the invitation sees what is left, and the board moves on by itself', async () => {
    await vera.goto(await mails.next('vera@abo.example', '/portal/abo/accept'));
    await vera.getByLabel('Password', { exact: true }).fill(password);
    await vera.keyboard.press('Enter');
    await vera.waitForURL(portal());
    await vera.getByRole('heading', { name: 'Getting ready' }).waitFor();
    await item('Accept the invitation').getByText(/^Done/).waitFor();
    await look(vera, 'onboarding-checklist');
    await olga.getByRole('heading', { name: /^Second factor/ }).waitFor();
  });

  it('a second factor is set up on the list itself', async () => {
    await press(vera, 'Set up… authenticator app');
    await vera.getByText('Type the key by hand instead').click();
    const secret = (await vera.locator('dialog details code').innerText()).replaceAll(' ', '');
    const epoch = Math.floor(Date.now() / stepMs) * (stepMs / 1000);
    await vera.getByLabel('Code from the app').pressSequentially(generateSync({ secret, epoch }));
    await press(vera, 'I have kept them');
    await item('Protect your account').getByText(/^Done/).waitFor();
  });

  it('a mail domain is proven by a record, and says what was found until it is there', async () => {
    await unfold('Prove that your mail domain');
    await becomes(() => vera.getByLabel('Mail domain').inputValue(), 'abo.example');
    await press(vera, 'Show me the record');
    const value = await item('Prove that').locator('.record code').last().innerText();
    await press(vera, 'Verify now');
    await vera.getByText('The record is not there yet.').waitFor();
    dns.behaviour = { records: [['something else']] };
    await press(vera, 'Verify now');
    await vera.getByText('There is a record of this name, but with another value.').waitFor();
    await look(vera, 'onboarding-domain');
    dns.behaviour = { records: [[value]] };
    await press(vera, 'Verify now');
    await item('Prove that your mail domain').getByText(/^Done/).waitFor();
  });

  it('a billing contact is named, a wrong address refused at its field, and people are invited', async () => {
    await unfold('Name a contact for billing');
    await vera.getByLabel('Name', { exact: true }).fill('Accounts');
    await vera.getByLabel('E-mail address for invoices').fill('nowhere');
    await press(vera, 'Save the contact');
    await vera.locator('[name=billing-email][aria-invalid=true]').waitFor();
    await vera.getByLabel('E-mail address for invoices').fill('pay@abo.example');
    await press(vera, 'Save the contact');
    await item('Name a contact for billing').getByText(/^Done/).waitFor();

    await unfold('Invite your first people');
    await press(vera, 'Invite somebody…');
    await vera.getByRole('dialog').getByLabel('E-mail address').fill('grace@abo.example');
    await press(vera, 'Invite');
    await press(vera, 'Done');
    await mails.next('grace@abo.example', '/accept');
    await item('Invite your first people').getByText(/^Done/).waitFor();
  });

  it('what is left out says who and why, to the tenant and to the platform, and then it is ready', async () => {
    await unfold('Load sample data');
    await press(vera, 'Skip this…');
    await vera.getByLabel('Why not?').fill('We bring our own.');
    await press(vera, 'Skip it');
    await vera.getByRole('heading', { name: 'Åbo Akademi is ready' }).waitFor();
    await look(vera, 'onboarding-ready');
    await olga.goto(pages.at(`/tenants/${tenantId}`));
    const section = olga.getByRole('region', { name: 'Onboarding' });
    await section.getByText('Finished', { exact: true }).waitFor();
    await section.getByText(/Skipped by .*We bring our own\./).waitFor();
    await look(olga, 'onboarding-tenant');
    await olga.goto(pages.at('/onboarding?state=finished'));
    await board().getByText('Finished').waitFor();
  });

  it('the platform reminds, and skips for a tenant with its reason', async () => {
    const { installation } = pages.api;
    const admin = { email: 'late@slow.example' };
    const { tenantId: slow } = await installation.provision({ name: 'Slow Ltd', slug: 'slow', admin });
    await olga.goto(pages.at('/onboarding'));
    await press(olga, 'Remind now Slow Ltd');
    await olga.getByText('Reminded 1×').waitFor();
    await olga.goto(pages.at(`/tenants/${slow}`));
    await press(olga, /^Skip… .*mail domain/i);
    await olga.getByLabel('Why?').fill('Their registrar is slow.');
    await press(olga, 'Skip it');
    await olga.getByText(/Skipped by .*Their registrar is slow\./).waitFor();
  });

  it('what a plan leads through is chosen by the platform, and nonsense is told at its field', async () => {
    await olga.goto(pages.at('/settings/onboarding'));
    const form = olga.getByRole('form').first();
    const reminders = form.getByLabel('Reminders, days after the beginning');
    await reminders.fill('7, 3');
    await form.getByText('each greater than the one before').waitFor();
    await becomes(() => form.getByRole('button', { name: /^Save/ }).isDisabled(), true);
    await reminders.fill('2, 9');
    await form.getByRole('checkbox', { name: 'Sample data is loaded' }).uncheck();
    await form.getByRole('button', { name: /^Save/ }).click();
    await form.getByText(/^chosen/).waitFor();
    await look(olga, 'onboarding-plans');
    await olga.reload();
    await becomes(() => reminders.inputValue(), '2, 9');
  });

  it('meets no error in the console on the way', () => assert.deepEqual(pages.complaints, []));
});
