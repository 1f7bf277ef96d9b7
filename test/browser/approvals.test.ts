import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { freePorts } from '#local/ports.ts';
import { ApiInstallation } from '../api/apiInstallation.ts';
import { personWith } from '../api/personWith.ts';
import { becomes, look, press, startBrowser } from './browser.ts';

describe('a dangerous act that another must approve, in two browsers', () => {
  let api: ApiInstallation;
  /** One for each: contexts of the one that runs in a single process share their cookies. */
  const browsers: Browser[] = [];
  let ada: Page;
  let bob: Page;
  const complaints: string[] = [];

  before(async function () {
    this.timeout(120_000);
    const [port = 0] = await freePorts(1);
    api = await ApiInstallation.start((same) => same, {
      TENANTRY_PORT: String(port),
      TENANTRY_PUBLIC_URL: `http://localhost:${port}`,
      TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'] ?? '',
    });
    ada = await pageOf(api.cookie);
    bob = await pageOf((await personWith(api.installation, [{ role: 'admin' }], 'bob@example.org')).cookie);
  });
  after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await api?.stop();
  });

  const url = (path: string) => `${api.installation.configuration.publicUrl}${path}`;

  async function pageOf(cookie: string): Promise<Page> {
    const browser = await startBrowser();
    browsers.push(browser);
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    const [name = '', value = ''] = cookie.split('=');
    await context.addCookies([{ name, value, url: url('/') }]);
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    return page;
  }

  it('the owner chooses that a platform key needs one approval', async () => {
    await ada.goto(url('/settings/approvals'));
    const policy = ada.getByRole('form', { name: 'Rotate a platform key' });
    await policy.getByLabel('Approvals to rotate a platform key').selectOption('1 person');
    await look(ada, 'approval-policies');
    await policy.getByRole('button', { name: 'Save' }).press('Enter');
    await policy.getByText(/Chosen .* by owner@example\.org/).waitFor();
  });

  it('who wants to do it is offered to ask for approval, and asks with a reason', async () => {
    await ada.goto(url('/settings/worker-tokens'));
    await press(ada, 'Make a secret…');
    const dialog = ada.getByRole('dialog', { name: 'Rotate a platform key: ask for approval?' });
    await dialog.waitFor();
    await ada.keyboard.type('The old one was in a chat.');
    await look(ada, 'ask-approval');
    await ada.keyboard.press('Tab');
    await ada.keyboard.press('Enter');
    await ada.getByRole('link', { name: 'See the request for approval' }).press('Enter');
    await ada.getByRole('heading', { name: 'Rotate a platform key' }).waitFor();
    await becomes(() => ada.getByRole('button', { name: 'Approve' }).count(), 0);
    await becomes(() => ada.getByRole('button', { name: 'Do it now' }).count(), 0);
  });

  it('another sees in the navigation that somebody waits, reads exactly what would be done, and approves', async () => {
    await bob.goto(url('/tenants'));
    await bob.getByTitle('1 to decide').waitFor();
    await bob.getByRole('link', { name: 'Approvals' }).press('Enter');
    await look(bob, 'approvals');
    await bob.getByRole('link', { name: 'Rotate a platform key' }).press('Enter');
    await bob.getByText('POST /api/v1/signing-secrets').waitFor();
    await bob.getByText('The old one was in a chat.').waitFor();
    await bob.getByRole('textbox', { name: 'Note' }).focus();
    await bob.keyboard.type('I saw it too.');
    await look(bob, 'approval-to-decide');
    await bob.keyboard.press('Tab');
    await bob.keyboard.press('Enter');
    await bob.getByText('1 of 1 approved').waitFor();
    await bob.getByTitle('1 to decide').waitFor({ state: 'detached' });
  });

  it('who asked is shown the approval without reloading, does it once, and is shown the secret', async () => {
    await ada.getByRole('button', { name: 'Do it now' }).waitFor();
    await look(ada, 'approval-approved');
    await press(ada, 'Do it now');
    await ada.getByText('It is done.').waitFor();
    await becomes(() => ada.getByText(/^whsec_/).innerText(), /^whsec_/);
    await becomes(() => ada.getByRole('button', { name: 'Do it now' }).count(), 0);
    await look(ada, 'approval-done');
    await ada.goto(url('/approvals?view=decided'));
    await ada.getByText('Done', { exact: true }).waitFor();
    assert.deepEqual(complaints, []);
  });
});
