import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { owner } from '../api/apiInstallation.ts';
import { OpenedPages } from './openPages.ts';
import { VirtualAuthenticator } from './virtualAuthenticator.ts';

const newPassword = 'velvet marmot orbit 7';

describe('the profile, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let device: VirtualAuthenticator;

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    page = await pages.newPage(pages.api.cookie);
    device = await VirtualAuthenticator.plugInto(page);
    await page.goto(pages.at('/profile'));
  });
  after(() => pages?.stop());

  it('takes a name, which the frame shows from then on', async () => {
    await page.getByRole('button', { name: 'Set… name' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Ada Lovelace');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Account of Ada Lovelace' }).waitFor();
  });

  it('announces a new address, which counts only after it is confirmed, and can be withdrawn', async () => {
    await page.getByRole('button', { name: 'Change… e-mail address' }).click();
    const address = page.getByLabel('New e-mail address');
    await address.fill('no address');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    await address.fill('ada@example.org');
    await page.keyboard.press('Enter');
    await page.getByText('waits to be confirmed').waitFor();
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('waits to be confirmed').waitFor({ state: 'detached' });
    await page.getByRole('group', { name: 'E-mail address' }).getByText(owner.email).waitFor();
  });

  it('shows where one is signed in, and signs out there', async () => {
    const elsewhere = await pages.newPage(await pages.api.signIn());
    await elsewhere.goto(pages.at('/tenants'));
    await page.goto(pages.at('/profile'));
    await page.getByText('This browser').waitFor();
    await page
      .getByRole('button', { name: /^Sign out / })
      .first()
      .click();
    await page
      .getByRole('button', { name: /^Sign out / })
      .first()
      .waitFor({ state: 'detached' });
    await elsewhere.goto(pages.at('/profile'));
    await elsewhere.waitForURL('**/sign-in?next=%2Fprofile');
  });

  it('makes, names and removes passkeys of two devices', async () => {
    const mine = page.getByRole('list', { name: 'Your passkeys' }).getByRole('listitem');
    await device.touchedDuring(async () => {
      await page.getByRole('button', { name: 'Add a passkey…' }).click();
      await page.getByRole('list', { name: 'Recovery codes' }).waitFor(); // the first factor brings them
    });
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await mine.getByRole('button', { name: /^Rename/ }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Laptop at work');
    await page.keyboard.press('Enter');
    await mine.getByText('Laptop at work', { exact: true }).first().waitFor();

    // The same device again: it says itself that it has one.
    await device.touchedDuring(async () => {
      await page.getByRole('button', { name: 'Add a passkey…' }).click();
      await page.getByText('There is a passkey of yours on this device already.').waitFor();
    });
    await page.getByRole('button', { name: 'Remove… Laptop at work' }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await mine.first().waitFor({ state: 'detached' });
    await page.getByText('Only a password guards this account.').waitFor();
  });

  it('changes the password for who knows the old one, says how strong the new one is, and ends other sessions', async () => {
    const elsewhere = await pages.newPage(await pages.api.signIn());
    await page.getByRole('button', { name: 'Change… password' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change your password' });
    await dialog.getByLabel('Password until now').fill('not the password');
    const field = dialog.getByLabel('New password', { exact: true });
    await field.fill('Password1!');
    await dialog.getByText(/^Weak: /).waitFor();
    await field.fill('ada lovelace');
    await dialog.getByText('Weak: it repeats your own names').waitFor();
    await field.fill(newPassword);
    await dialog.getByText('Strong').waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByText('This is not your password.').waitFor();
    await dialog.getByLabel('Password until now').fill(owner.password);
    await field.fill('tenantry1');
    await page.keyboard.press('Enter');
    await dialog.locator('[name=password][aria-invalid=true]').waitFor();
    await field.fill(newPassword);
    await page.keyboard.press('Enter');
    await page.getByText('Your password is changed.').waitFor();

    await elsewhere.goto(pages.at('/tenants'));
    await elsewhere.waitForURL('**/sign-in');
    await page.goto(pages.at('/tenants'));
    await page.getByRole('heading', { name: 'Tenants', exact: true }).waitFor();
  });

  it('fetches no dictionary of passwords before one is typed', async () => {
    const visitor = await pages.newPage();
    let bytes = 0;
    visitor.on('response', async (response) => {
      if (response.url().endsWith('.js')) bytes += Number((await response.headerValue('content-length')) ?? 0);
    });
    await visitor.goto(pages.at('/sign-in'), { waitUntil: 'networkidle' });
    assert.ok(bytes < 200_000, `${bytes} bytes of scripts`);
  });

  it('meets no error in the console on the way', () => assert.deepEqual(pages.complaints, []));
});
