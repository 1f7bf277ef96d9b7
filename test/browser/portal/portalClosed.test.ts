import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { becomes, look, press } from '../browser.ts';
import { MailedLinks } from './mailedLinks.ts';
import { OpenedPages } from '../openPages.ts';

const password = 'velvet marmot orbit 7';
const vera = 'vera@abo.example';

describe('a portal that closes, opens again and moves, in a browser', () => {
  let pages: OpenedPages;
  let mails: MailedLinks;
  let page: Page;
  let tenantId = '';

  before(async function () {
    this.timeout(120_000);
    mails = await MailedLinks.open();
    pages = await OpenedPages.start({ SMTP_URL: mails.smtpUrl });
    const { installation } = pages.api;
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi', slug: 'abo', admin: { email: vera } }));
    page = await pages.newPage();
    await page.goto(await mails.next(vera, '/portal/abo/accept'));
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.keyboard.press('Enter');
    await page.waitForURL(pages.at('/portal/abo'));
  });
  after(async () => {
    await pages?.stop();
    await mails?.close();
  });

  async function change(path: string, body: object): Promise<void> {
    const answer = await pages.api.ask<{ runId: string }>('POST', `/api/v1/tenants/${tenantId}/${path}`, { body });
    assert.equal(answer.status, 202, answer.text);
    const run = await pages.api.installation.runIsOver(answer.body.runId);
    assert.equal(run.state, 'succeeded');
  }

  it('says that it is suspended and what its people were told, to who is inside and to who comes', async () => {
    await change('suspension', { confirm: 'abo', reason: 'They have not paid.', notice: 'Back on Monday.\nSorry!' });
    await page.goto(pages.at('/portal/abo/members'));
    await page.getByRole('heading', { name: 'This portal is suspended' }).waitFor();
    await page.getByText('Back on Monday.').waitFor();
    await becomes(() => page.getByText('They have not paid.').count(), 0);
    await look(page, 'portal-suspended');
    const stranger = await pages.newPage();
    const answer = await stranger.goto(pages.at('/portal/abo/sign-in'));
    assert.equal(answer?.status(), 403);
    await stranger.getByRole('heading', { name: 'This portal is suspended' }).waitFor();
  });

  it('opens again as it was: who was signed in still is', async () => {
    await change('resume', {});
    await page.goto(pages.at('/portal/abo/members'));
    await page.getByRole('row', { name: new RegExp(vera) }).waitFor();
  });

  it('is closed in front of who looks at it, without a press of theirs', async () => {
    await change('suspension', { confirm: 'abo', reason: 'They have not paid.' });
    await page.getByRole('heading', { name: 'This portal is suspended' }).waitFor({ timeout: 25_000 });
    await change('resume', {});
    await page.reload();
    await page.getByRole('row', { name: new RegExp(vera) }).waitFor();
  });

  it('leads from its old address to the new one, to the same page, and who was signed in still is', async () => {
    await change('rename', { slug: 'abo-university', confirm: 'abo' });
    await page.goto(pages.at('/portal/abo/members?role=tenant-admin'));
    await page.waitForURL(pages.at('/portal/abo-university/members?role=tenant-admin'));
    await page.getByRole('row', { name: new RegExp(vera) }).waitFor();
    await page.getByRole('link', { name: 'Profile', exact: true }).click();
    await page.waitForURL(pages.at('/portal/abo-university/profile'));
    await press(page, 'Set… name');
    await page.getByRole('textbox', { name: 'Name' }).fill('Vera Lind');
    await press(page, 'Save');
    await page.getByRole('button', { name: 'Account of Vera Lind' }).waitFor();
  });

  it('is not there at an address that nobody has', async () => {
    const stranger = await pages.newPage();
    const answer = await stranger.goto(pages.at('/portal/nobody'));
    assert.equal(answer?.status(), 404);
    await stranger.getByRole('heading', { name: 'No portal at this address' }).waitFor();
  });

  it('meets no error in the console on the way', () => assert.deepEqual(pages.complaints, []));
});
