import assert from 'node:assert/strict';
import { generateSync } from 'otplib';
import type { Page } from 'playwright-core';
import { becomes, look, press } from '../browser.ts';
import { MailedLinks } from './mailedLinks.ts';
import { OpenedPages } from '../openPages.ts';

const password = 'velvet marmot orbit 7';
const vera = 'vera@abo.example';
const grace = 'grace@abo.example';
const stepMs = 30_000;

describe("a tenant's portal, in browsers", () => {
  let pages: OpenedPages;
  let mails: MailedLinks;
  /** Olga of the platform; Vera, the tenant's administrator; Grace, whom she invites. */
  let olga: Page;
  let ofVera: Page;
  let ofGrace: Page;
  let tenantId = '';
  let secret = '';

  before(async function () {
    this.timeout(120_000);
    mails = await MailedLinks.open();
    pages = await OpenedPages.start({ SMTP_URL: mails.smtpUrl });
    await pages.api.installation.startWorker();
    olga = await pages.newPage(pages.api.cookie);
    ofVera = await pages.newPage();
    ofGrace = await pages.newPage();
  });
  after(async () => {
    await pages?.stop();
    await mails?.close();
  });

  const portal = (path = '') => pages.at(`/portal/abo-akademi${path}`);

  async function accept(page: Page, link: string): Promise<void> {
    await page.goto(link);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.keyboard.press('Enter');
    await page.waitForURL(portal());
  }

  /** A code that no earlier sign-in has used: each is good once. */
  const codeOfStep = (steps: number) =>
    generateSync({ secret, epoch: (Math.floor(Date.now() / stepMs) + steps) * (stepMs / 1000) });

  async function openMember(name: string): Promise<void> {
    await ofVera.goto(portal('/members'));
    await press(ofVera, name);
    await ofVera.getByRole('dialog').waitFor();
  }

  it('opens with the tenant: its administrator is invited by mail, and sees what comes', async () => {
    await olga.goto(pages.at('/tenants/new'));
    await olga.getByLabel('Name').first().fill('Åbo Akademi');
    await olga.getByLabel('E-mail address').fill(vera);
    await olga.getByLabel('Name').nth(1).fill('Vera Lind');
    await press(olga, 'Show the plan');
    await olga.getByText('Schema and role').waitFor();
    await press(olga, /create/i);
    await olga.waitForURL('**/runs/*');
    await olga.getByText('Succeeded').first().waitFor();
    const { body } = await pages.api.ask<{ items: { id: string }[] }>('GET', '/api/v1/tenants');
    tenantId = body.items[0]!.id;

    const link = await mails.next(vera, '/portal/abo-akademi/accept');
    await olga.goto(pages.at(`/tenants/${tenantId}`));
    await olga.getByRole('region', { name: 'Administrator' }).getByText('Invited', { exact: true }).waitFor();
    await ofVera.goto(link);
    await ofVera.getByRole('heading', { name: 'Welcome to Åbo Akademi' }).waitFor();
    assert.equal(new URL(ofVera.url()).hash, ''); // the token is in no history
    await look(ofVera, 'portal-accept');
    const field = ofVera.getByLabel('Password', { exact: true });
    await field.fill('password1');
    await ofVera.keyboard.press('Enter');
    await ofVera.locator('[name=password][aria-invalid=true]').waitFor();
    await field.fill(password);
    await ofVera.keyboard.press('Enter');
    await ofVera.waitForURL(portal());
    await ofVera.getByRole('heading', { name: 'Welcome, Vera Lind' }).waitFor();
    await ofVera.getByRole('button', { name: 'Account of Vera Lind' }).waitFor();

    await ofGrace.goto(link);
    await ofGrace.getByRole('heading', { name: 'This link does not work' }).waitFor();
  });

  it('shows nothing to who is not signed in, and a session of the platform is worth nothing here', async () => {
    for (const page of [ofGrace, olga]) {
      await page.goto(portal('/members?state=invited'));
      await page.waitForURL('**/portal/abo-akademi/sign-in?next=*');
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.match(await page.title(), /Åbo Akademi/);
    }
    await look(ofGrace, 'portal-sign-in');
    const refused = await ofVera.request.get(pages.at('/api/v1/session'));
    assert.equal(refused.status(), 401);
  });

  it('an administrator sets up an authenticator app, and signs in with its code by the keyboard alone', async () => {
    await ofVera.getByRole('link', { name: 'Profile', exact: true }).click();
    await press(ofVera, 'Set up… authenticator app');
    await ofVera.getByText('Type the key by hand instead').click();
    secret = (await ofVera.locator('dialog details code').innerText()).replaceAll(' ', '');
    await ofVera.getByLabel('Code from the app').pressSequentially(codeOfStep(0));
    await press(ofVera, 'I have kept them');
    await ofVera.getByText('10 left of those made').waitFor();
    await look(ofVera, 'portal-profile');

    await press(ofVera, /Account of/);
    await press(ofVera, 'Sign out');
    await ofVera.waitForURL(portal('/sign-in'));
    await ofVera.getByRole('button', { name: 'Sign in', exact: true }).click({ trial: true });
    await ofVera.getByLabel('E-mail address').fill(vera);
    await ofVera.keyboard.press('Tab');
    await ofVera.keyboard.type('not the password');
    await ofVera.keyboard.press('Enter');
    await becomes(() => ofVera.getByRole('alert').innerText(), 'E-mail address or password is wrong.');
    await ofVera.keyboard.type(password);
    await ofVera.keyboard.press('Enter');
    await ofVera.getByLabel('Code from your authenticator app').pressSequentially(codeOfStep(1));
    await ofVera.waitForURL(portal());
  });

  it('invites people, corrects a wrong address, sends again, and withdraws', async () => {
    await ofVera.goto(portal('/members'));
    await press(ofVera, 'Invite…');
    await ofVera.getByLabel('E-mail address').fill('grcae@abo.example');
    await ofVera.getByLabel('Name').fill('Grace Hopper');
    await press(ofVera, 'Invite');
    await ofVera.getByText('A link is on its way to').waitFor();
    await press(ofVera, 'Done');
    const spoilt = await mails.next('grcae@abo.example', '/accept');

    await openMember('Grace Hopper');
    await look(ofVera, 'portal-member');
    await ofVera.getByLabel('E-mail address').fill(grace);
    await press(ofVera, 'Save');
    await press(ofVera, 'Done');
    const corrected = await mails.next(grace, '/accept');
    await ofGrace.goto(spoilt);
    await ofGrace.getByRole('heading', { name: 'This link does not work' }).waitFor();

    await openMember('Grace Hopper');
    await press(ofVera, 'Send the invitation again');
    await press(ofVera, 'Done');
    const again = await mails.next(grace, '/accept');
    await ofGrace.goto(corrected);
    await ofGrace.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await accept(ofGrace, again);
    await ofVera.goto(portal('/members'));
    await ofVera
      .getByRole('row', { name: /Grace Hopper/ })
      .getByText('Active')
      .waitFor();

    await press(ofVera, 'Invite…');
    await ofVera.getByLabel('E-mail address').fill('late@abo.example');
    await press(ofVera, 'Invite');
    await press(ofVera, 'Done');
    const withdrawn = await mails.next('late@abo.example', '/accept');
    await press(ofVera, 'late@abo.example');
    await press(ofVera, 'Withdraw…');
    await press(ofVera, 'Withdraw the invitation');
    await ofVera.getByRole('button', { name: 'late@abo.example' }).waitFor({ state: 'detached' });
    const late = await pages.newPage();
    await late.goto(withdrawn);
    await late.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await look(ofVera, 'portal-members');
  });

  it('lets members see and not manage; a new role and being disabled count at once', async () => {
    await ofGrace.goto(portal('/members'));
    await ofGrace.getByRole('row', { name: /Vera Lind/ }).waitFor();
    await becomes(() => ofGrace.getByRole('button', { name: 'Invite…' }).count(), 0);
    await becomes(() => ofGrace.getByRole('row').getByRole('button').count(), 0);

    await openMember('Grace Hopper');
    await ofVera.getByRole('radio', { name: /Administrator/ }).check();
    await press(ofVera, 'Save');
    await ofVera
      .getByRole('row', { name: /Grace Hopper/ })
      .getByText('Administrator')
      .waitFor();
    await ofGrace.goto(portal('/members'));
    await ofGrace.getByRole('button', { name: 'Invite…' }).waitFor();

    await press(ofVera, 'Grace Hopper');
    await press(ofVera, 'Disable…');
    await press(ofVera, 'Disable');
    await ofVera
      .getByRole('row', { name: /Grace Hopper/ })
      .getByText('Disabled')
      .waitFor();
    await ofGrace.goto(portal('/members'));
    await ofGrace.waitForURL('**/sign-in?next=*');
  });

  it('sets a forgotten password anew by a link, and says the same of people that nobody knows', async () => {
    await openMember('Grace Hopper');
    await press(ofVera, 'Enable');
    await ofVera
      .getByRole('row', { name: /Grace Hopper/ })
      .getByText('Active')
      .waitFor();
    for (const email of ['nobody@abo.example', grace]) {
      await ofGrace.goto(portal('/sign-in'));
      await ofGrace.getByRole('link', { name: 'Forgot your password?' }).click();
      await ofGrace.waitForURL(portal('/forgot-password'));
      await ofGrace.getByLabel('E-mail address').fill(email);
      await press(ofGrace, 'Send me a link');
      await ofGrace.getByText(`If ${email} belongs to an account`).waitFor();
    }
    await ofGrace.goto(await mails.next(grace, '/reset-password'));
    await ofGrace.getByLabel('New password', { exact: true }).fill(`${password} and more`);
    await ofGrace.keyboard.press('Enter');
    await ofGrace.getByText('Your password is changed. Sign in with the new one.').waitFor();
    await ofGrace.getByLabel('E-mail address').fill(grace);
    await ofGrace.getByLabel('Password', { exact: true }).fill(`${password} and more`);
    await press(ofGrace, 'Sign in');
    await ofGrace.waitForURL(portal());
  });

  it('brings little script to the browser, and none of the console', async () => {
    const fresh = await pages.newPage();
    const scripts: string[] = [];
    fresh.on('response', (response) => {
      if (response.url().endsWith('.js')) void response.text().then((text) => scripts.push(text));
    });
    await fresh.goto(portal('/sign-in'), { waitUntil: 'networkidle' });
    const all = scripts.join('\n');
    assert.ok(scripts.length > 5, 'no script was seen');
    assert.ok(all.length < mostScriptOfDoor, `the sign-in brings ${all.length} characters of script`);
    for (const words of ['Provisioning is paused', 'Break the glass', 'Pause provisioning', 'Nothing has run yet'])
      assert.ok(!all.includes(words), `the portal brings the console's "${words}"`);
  });

  it('meets no error in the console on the way', () => assert.deepEqual(pages.complaints, []));
});

/** Before compression, which makes a third of it: what a sign-in needs with the frame of the pages. */
const mostScriptOfDoor = 220_000;
