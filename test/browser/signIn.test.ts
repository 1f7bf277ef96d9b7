import assert from 'node:assert/strict';
import { generateSync } from 'otplib';
import type { Page } from 'playwright-core';
import type { Session } from '#contracts/session.ts';
import { bumpAccessEpoch } from '#domain/access/epoch.ts';
import { rows } from '#domain/sql.ts';
import { owner } from '../api/apiInstallation.ts';
import { becomes } from './browser.ts';
import { OpenedPages } from './openPages.ts';
import { VirtualAuthenticator } from './virtualAuthenticator.ts';

const stepMs = 30_000;

describe('signing in, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let device: VirtualAuthenticator;
  let secret = '';
  let recoveryCodes: string[] = [];

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    page = await pages.newPage();
    device = await VirtualAuthenticator.plugInto(page);
  });
  after(() => pages?.stop());

  const codeOfStep = (steps: number) =>
    generateSync({ secret, epoch: (Math.floor(Date.now() / stepMs) + steps) * (stepMs / 1000) });

  /** As somebody without a mouse: address, Tab, password, Enter. */
  async function enterPassword(email: string, password: string): Promise<void> {
    await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor(); // the script runs: Enter is heard
    await page.getByLabel('E-mail address').fill(email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
  }

  async function signOut(): Promise<void> {
    const menu = page.getByRole('button', { name: /Account of/ });
    await menu.and(page.locator(':enabled')).waitFor(); // the script runs: it can be focused, and Enter is heard
    await menu.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sign-in');
  }

  it('refuses a wrong password without saying what was wrong, and leads who is let in to where they wanted to go', async () => {
    await page.goto(pages.at('/runs'));
    await page.waitForURL('**/sign-in?next=%2Fruns');
    await enterPassword(owner.email, 'not the password');
    await becomes(() => page.getByRole('alert').innerText(), 'E-mail address or password is wrong.');
    await page.keyboard.type(owner.password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/runs');
  });

  it('sets up an authenticator app by its key, is told of a wrong code, and gets ten recovery codes', async () => {
    await page.getByRole('button', { name: /Account of/ }).click();
    await page.getByRole('link', { name: 'Profile' }).click();
    await page.getByRole('button', { name: 'Set up… authenticator app' }).click();
    await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
    await page.getByText('Type the key by hand instead').click();
    secret = (await page.locator('dialog details code').innerText()).replaceAll(' ', '');
    assert.match(secret, /^[A-Z2-7]{26,}$/);

    const field = page.getByLabel('Code from the app');
    await field.fill('000000');
    await page.getByRole('button', { name: 'Turn on' }).click();
    await page.getByText('This code is not right.').waitFor();
    await field.fill('');
    await field.pressSequentially(codeOfStep(0)); // the sixth digit sends it
    const codes = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
    await codes.first().waitFor();
    recoveryCodes = await codes.allInnerTexts();
    assert.equal(new Set(recoveryCodes).size, 10);
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.getByText('10 left of those made').waitFor();
  });

  it('signs out by the keyboard, and in again by password and code', async () => {
    await signOut();
    await enterPassword(owner.email, owner.password);
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    await page.getByLabel('Code from your authenticator app').fill('123 456');
    await page.keyboard.press('Enter');
    await page.getByText('This code is not right.').waitFor();
    await page.keyboard.type(codeOfStep(1)); // what was wrong is selected, and typed over
    await page.waitForURL('**/tenants');
  });

  it('signs in by a recovery code when the phone is lost, which then is worth nothing', async () => {
    for (const isFirst of [true, false]) {
      await signOut();
      await enterPassword(owner.email, owner.password);
      await page.getByRole('button', { name: 'Use a recovery code' }).click();
      await page.getByLabel('Recovery code').fill(recoveryCodes[isFirst ? 0 : 1]!);
      if (!isFirst) {
        await page.getByLabel('Recovery code').fill(recoveryCodes[0]!);
        await page.keyboard.press('Enter');
        await page.getByText('This recovery code is not right, or was used already.').waitFor();
        await page.keyboard.type(recoveryCodes[1]!);
      }
      await page.keyboard.press('Enter');
      await page.waitForURL('**/tenants');
    }
  });

  it('adds a passkey, and signs in by it alone', async () => {
    await page.goto(pages.at('/profile'));
    await device.touchedDuring(async () => {
      await page.getByRole('button', { name: 'Add a passkey…' }).click();
      await page.getByRole('list', { name: 'Your passkeys' }).getByText('never used').waitFor();
    });
    assert.equal(await device.passkeys(), 1);
    // As in a browser that lists no passkeys under a field: it would be first.
    await page.evaluate(() => {
      const { PublicKeyCredential } = globalThis as unknown as { PublicKeyCredential: object };
      Object.assign(PublicKeyCredential, { isConditionalMediationAvailable: () => Promise.resolve(false) });
    });
    await signOut();
    await device.touchedDuring(async () => {
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await page.waitForURL('**/tenants');
    });
  });

  it('takes the passkey as the second factor, too', async () => {
    await signOut();
    await enterPassword(owner.email, owner.password);
    await device.touchedDuring(async () => {
      await page.getByRole('button', { name: 'Use a passkey' }).click();
      await page.waitForURL('**/tenants');
    });
  });

  it('signs in by the passkey that the browser offers under the field by itself', async () => {
    await page.reload();
    await device.touchedDuring(async () => {
      await signOut();
      await page.waitForURL('**/tenants');
    });
  });

  it('asks who is there before something dangerous, and goes on by itself with what was asked for', async () => {
    await page.goto(pages.at('/profile'));
    await makeSessionsOld();
    await page.getByRole('button', { name: 'Make new ones…' }).click();
    const make = page.getByRole('button', { name: 'Make new ones', exact: true });
    await make.click();
    const question = page.getByRole('dialog', { name: 'Is it still you?' });
    await question.waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('alert').waitFor(); // declined: the refusal is shown, and nothing was done
    await make.click();
    await question.getByLabel('Password').fill('not the password');
    await question.getByLabel('Code from your app').fill('000000');
    await page.keyboard.press('Enter');
    await question.getByRole('alert').waitFor();
    await device.touchedDuring(async () => {
      await question.getByRole('button', { name: 'Confirm with a passkey' }).click();
      await page.getByRole('list', { name: 'Recovery codes' }).waitFor();
    });
    await page.getByRole('button', { name: 'I have kept them' }).click();
  });

  it('is told how long to wait after too many attempts', async () => {
    const stranger = await pages.newPage();
    await stranger.goto(pages.at('/sign-in'));
    await stranger.getByLabel('E-mail address').fill('nobody@example.org');
    await stranger.getByLabel('Password', { exact: true }).fill('guess');
    const wait = stranger.getByText(/^Try again in \d+ (s|min)/).first();
    for (let tries = 0; tries < 15 && !(await wait.isVisible()); tries += 1) {
      const answered = stranger.waitForResponse('**/api/v1/session');
      await stranger.getByRole('button', { name: 'Sign in', exact: true }).click();
      await answered;
      await stranger.getByRole('alert').waitFor();
    }
    await wait.waitFor();
  });

  it('meets no error in the console on the way', () => assert.deepEqual(pages.complaints, []));

  /** As if everybody had signed in a quarter of an hour ago. */
  async function makeSessionsOld(): Promise<void> {
    await pages.api.installation.em.transactional(async (em) => {
      await rows(em)`update sessions set authenticated_at = now() - interval '15 minutes'`;
      await bumpAccessEpoch(em);
    });
    await pages.api.installation.until('the session to be old', 5_000, async () => {
      const session = (await (await page.request.get(pages.at('/api/v1/session'))).json()) as Session;
      return Date.now() - Date.parse(session.authenticatedAt) > 10 * 60_000;
    });
  }
});
