import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Role } from '#contracts/access/roles.ts';
import { rows } from '#domain/sql.ts';
import { becomes } from './browser.ts';
import { OpenedPages } from './openPages.ts';
import { VirtualAuthenticator } from './virtualAuthenticator.ts';

const password = 'velvet marmot orbit 7';

describe('people, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let grace: Page;
  let link = '';

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    page = await pages.newPage(pages.api.cookie);
    grace = await pages.newPage();
    await page.goto(pages.at('/tenants'));
  });
  after(() => pages?.stop());

  /** Opens the invitation's dialog, fills it in and answers the link that is shown once where no mail server is. */
  async function invite(email: string, role: string): Promise<string> {
    await page.goto(pages.at('/settings/people'));
    await page.getByRole('button', { name: 'Invite…' }).click();
    await page.getByLabel('E-mail address', { exact: true }).fill(email);
    await page.getByRole('combobox', { name: 'Role' }).selectOption(role);
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    const shown = await page.locator('dialog code').innerText();
    await page.getByRole('button', { name: 'I have handed it over' }).click();
    return shown;
  }

  async function openGrace(): Promise<void> {
    await page.goto(pages.at('/settings/people?search=grace'));
    await page.getByRole('link', { name: 'Grace Hopper' }).click();
  }

  async function accept(at: Page, invitation: string): Promise<void> {
    await at.goto(invitation);
    await at.getByLabel('Password', { exact: true }).fill(password);
    await at.keyboard.press('Enter');
  }

  it('an owner finds the way to them, and invites somebody with a role', async () => {
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'People' }).click();
    await page.getByRole('button', { name: 'Invite…' }).click();
    await page.getByLabel('E-mail address', { exact: true }).fill('no address');
    await page.getByRole('combobox', { name: 'Role' }).selectOption('support');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.locator('[aria-invalid=true]').waitFor();
    link = await invite('grace@example.org', 'support');
    assert.match(link, /\/accept-invitation#[\w-]{20,}$/);
    const row = page.getByRole('row', { name: /grace@example\.org/ });
    await row.getByText('Invited').waitFor();
  });

  it('who is invited chooses a password that is not known to all, and is in with what the role permits', async () => {
    await grace.goto(link);
    await grace.getByText('You are invited as grace@example.org.').waitFor();
    assert.equal(new URL(grace.url()).hash, ''); // the token is in no history
    await grace.getByLabel('Your name').fill('Grace Hopper');
    const field = grace.getByLabel('Password', { exact: true });
    await field.fill('password1');
    await grace.keyboard.press('Enter');
    await grace.locator('[name=password][aria-invalid=true]').waitFor();
    await field.fill(password);
    await grace.keyboard.press('Enter');
    await grace.waitForURL('**/tenants');
    await grace.getByRole('button', { name: 'Account of Grace Hopper' }).waitFor();
    await becomes(() => grace.getByRole('link', { name: 'Blueprints' }).count(), 0);
    const refused = await grace.goto(pages.at('/settings/people'));
    assert.equal(refused?.status(), 403);
  });

  it('the link works once, and a mutilated one not at all', async () => {
    for (const spent of [link, `${link}x`, link.replace(/#.*/, '#short'), link.replace(/#.*/, '')]) {
      const stranger = await pages.newPage();
      await stranger.goto(spent);
      await stranger.getByRole('heading', { name: 'This link does not work' }).waitFor();
      await becomes(() => stranger.getByRole('link', { name: 'Sign in' }).count(), 1);
      await stranger.close();
    }
  });

  it('a role is given for the tenants of a plan, shows at once in the pages of who has it, and is taken away', async () => {
    await openGrace();
    await page.getByRole('button', { name: 'Give a role…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('combobox', { name: 'Role' }).selectOption('operator');
    await dialog.getByRole('combobox', { name: 'Holds' }).selectOption('plan');
    await dialog.getByRole('combobox', { name: 'Plan' }).selectOption({ index: 1 });
    await dialog.getByRole('button', { name: 'Give it' }).click();
    await page.getByText(/^tenants of the plan/).waitFor();
    await grace.goto(pages.at('/profile'));
    await grace.getByText(/^tenants of the plan/).waitFor();

    await page.getByRole('button', { name: /^Take away… Operator/ }).click();
    await page.getByRole('button', { name: 'Take it away' }).click();
    await page.getByText(/^tenants of the plan/).waitFor({ state: 'detached' });
  });

  it('who has a role that asks for a second factor sets one up before anything else', async () => {
    const { body: roles } = await pages.api.ask<{ items: Role[] }>('GET', '/api/v1/roles');
    const { version } = roles.items.find(({ name }) => name === 'auditor')!;
    const change = { requiresSecondFactor: true, expectedVersion: version };
    assert.equal((await pages.api.ask('PATCH', '/api/v1/roles/auditor', { body: change })).status, 200);
    const invitation = await invite('mary@example.org', 'auditor');
    const mary = await pages.newPage();
    const device = await VirtualAuthenticator.plugInto(mary);
    await accept(mary, invitation);
    await mary.getByRole('heading', { name: 'Set up a second factor' }).waitFor();
    await mary.goto(pages.at('/runs')); // no way around it
    await mary.waitForURL('**/set-up-factor?next=%2Fruns');
    await device.touchedDuring(async () => {
      await mary.getByRole('button', { name: /^Passkey/ }).click();
      await mary.getByRole('heading', { name: 'Keep your recovery codes' }).waitFor();
    });
    await mary.getByRole('button', { name: 'I have kept them' }).click();
    await mary.waitForURL('**/runs');
    await mary.goto(pages.at('/profile'));
    await mary.getByText('add another before you remove this').waitFor();
  });

  it('a forgotten password is set anew by a link; the page says the same of people that nobody knows', async () => {
    const stranger = await pages.newPage();
    for (const email of ['grace@example.org', 'nobody@example.org']) {
      await stranger.goto(pages.at('/sign-in'));
      await stranger.getByRole('link', { name: 'Forgot your password?' }).click();
      await stranger.waitForURL('**/forgot-password'); // both pages ask for the address
      await stranger.getByLabel('E-mail address').fill(email);
      await stranger.getByRole('button', { name: 'Send me a link' }).click();
      await stranger.getByText(`If ${email} belongs to an account`).waitFor();
    }
    await openGrace();
    await page.getByRole('button', { name: 'Send a reset link…' }).click();
    await page.getByRole('button', { name: 'Send the link' }).click();
    const reset = await page.locator('dialog code').innerText();
    await page.getByRole('button', { name: 'I have handed it over' }).click();
    await grace.goto(reset);
    await grace.getByLabel('New password', { exact: true }).fill(`${password} and more`);
    await grace.keyboard.press('Enter');
    await grace.getByText('Your password is changed. Sign in with the new one.').waitFor();
    await grace.getByLabel('E-mail address').fill('grace@example.org');
    await grace.getByLabel('Password', { exact: true }).fill(`${password} and more`);
    await grace.getByRole('button', { name: 'Sign in', exact: true }).click();
    await grace.waitForURL('**/tenants');
  });

  it('an invitation that expired says so to both, and is sent again or withdrawn', async () => {
    const old = await invite('late@example.org', 'auditor');
    await rows(pages.api.installation.em)`update one_time_links set expires_at = now() - interval '1 minute'`;
    const late = await pages.newPage();
    await late.goto(old);
    await late.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await page.goto(pages.at('/settings/people?state=invited'));
    const row = page.getByRole('row', { name: /late@example\.org/ });
    await row.getByText('Invitation expired').waitFor();
    await row.getByRole('link').click();
    await page.getByText('The link has expired: send a new one.').waitFor();
    await page.getByRole('button', { name: 'Send again…' }).click();
    await page.getByRole('button', { name: 'Send a new link' }).click();
    const again = await page.locator('dialog code').innerText();
    await page.getByRole('button', { name: 'I have handed it over' }).click();
    await late.goto(again);
    await late.getByText('You are invited as late@example.org.').waitFor();
    await late.goto(old); // the fragment alone changes: nothing is loaded, and the page looks at it anew
    await late.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await page.getByRole('button', { name: 'Withdraw…' }).click();
    await page.getByRole('button', { name: 'Withdraw', exact: true }).click();
    await page.waitForURL('**/settings/people');
    await becomes(() => page.getByText('late@example.org').count(), 0);
  });

  it('who is disabled is out within a second, and enabled again', async () => {
    await openGrace();
    await page.getByRole('button', { name: 'Disable…' }).click();
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    await page.getByText('Disabled').first().waitFor();
    await grace.goto(pages.at('/runs'));
    await grace.waitForURL('**/sign-in?next=%2Fruns');
    await page.getByRole('button', { name: 'Enable…' }).click();
    await page.getByRole('button', { name: 'Enable', exact: true }).click();
    await page.getByText('Active').first().waitFor();
  });

  it('meets no error in the console on the way', () => assert.deepEqual(pages.complaints, []));
});
