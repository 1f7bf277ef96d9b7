import assert from 'node:assert/strict';
import type { License } from '#contracts/licenses/licenses.ts';
import type { Page } from 'playwright-core';
import { addLicensedPlan } from '../../servers/licensedPlan.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

const dayMs = 86_400_000;

describe('ways in which licences go on, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let tenantId: string;

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    const { installation } = pages.api;
    const plan = await addLicensedPlan(installation, { graceDays: 14 });
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi', plan }));
    page = await pages.newPage(pages.api.cookie);
    await policy('approved', 0, { renewal: { mode: 'approval' } });
    await policy('yearly', 36_500);
    await policy('large', 73_000, { seats: { limit: 50 } });
  });
  after(() => pages?.stop());

  async function ask<Body>(path: string, body: object): Promise<Body> {
    const { status, body: answer, text } = await pages.api.ask<Body>('POST', `/api/v1/${path}`, { body });
    assert.equal(status, 201, text);
    return answer;
  }
  async function policy(name: string, amount: number, rules: object = {}): Promise<void> {
    const term = { kind: 'term', period: 'P1Y' };
    await ask(`license-policies/${name}/versions`, { baseVersion: 0, rules: { product: 'suite', term, ...rules } });
    await ask(`license-policies/${name}/versions/1/prices`, { currency: 'EUR', amount });
  }
  const issue = (name: string, endsInDays: number) =>
    ask<License>(`tenants/${tenantId}/licenses`, {
      policy: { name, version: 1 },
      expiresAt: new Date(Date.now() + endsInDays * dayMs).toISOString(),
    });
  const license = async (id: string) => (await pages.api.ask<License>('GET', `/api/v1/licenses/${id}`)).body;
  const show = async ({ id }: License) => {
    await page.goto(pages.at(`/licenses/${id}`));
    await press(page, 'Renew…');
  };
  const pay = async () => {
    await press(page, 'It is paid…');
    await press(page, 'Mark as paid');
    await page.getByText('Done', { exact: true }).waitFor();
  };

  it('waits for somebody who approves it, and goes on when they did', async () => {
    const issued = await issue('approved', 20);
    await show(issued);
    await page.getByText('One term of approved v1').waitFor();
    await press(page, 'Begin the renewal');
    await page.getByRole('button', { name: 'Approve' }).waitFor();
    await look(page, 'license-renewal-approval');
    await fits(page);
    assert.equal((await license(issued.id)).expiresAt, issued.expiresAt);
    await press(page, 'Approve');
    await page.getByText('Done', { exact: true }).waitFor();
    const [before, after] = [issued, await license(issued.id)].map(({ expiresAt }) => new Date(expiresAt!));
    assert.equal(after!.getUTCFullYear(), before!.getUTCFullYear() + 1);
  });

  it('is taken back when they refuse', async () => {
    const issued = await issue('approved', 20);
    await show(issued);
    await press(page, 'Begin the renewal');
    await press(page, 'Refuse');
    await page.getByText('Taken back', { exact: true }).waitFor();
    assert.equal((await license(issued.id)).expiresAt, issued.expiresAt);
  });

  it("is brought to another licence's end for a part of the price", async () => {
    const [issued, other] = [await issue('yearly', 10), await issue('yearly', 110)];
    await show(issued);
    await page.getByLabel('What').selectOption('co_term');
    await page.getByLabel('With the end of').selectOption(other.id);
    await page.getByText('100.00 EUR').first().waitFor();
    await look(page, 'license-co-term');
    await fits(page);
    await press(page, 'Begin the renewal');
    await pay();
    assert.equal((await license(issued.id)).expiresAt, other.expiresAt);
  });

  it('costs what it says beside what is wanted, whichever answer comes last', async () => {
    const issued = await issue('yearly', 200);
    let asked = 0;
    const second = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    await page.route('**/renewals/quote', async (route) => {
      const isFirst = asked++ === 0;
      if (isFirst) await second.promise;
      await route.continue();
      if (isFirst) first.resolve();
    });
    await show(issued);
    await page.getByLabel('What').selectOption('upgrade');
    await page.getByLabel('By').selectOption('large');
    await page.getByText('200.00 EUR').first().waitFor();
    const late = page.waitForResponse('**/renewals/quote');
    second.resolve();
    await first.promise;
    await (await late).finished();
    await page.unroute('**/renewals/quote');
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
    await page.getByText('200.00 EUR').first().waitFor();
    await press(page, 'Close');
  });

  it('is moved to a larger policy within its term, for what the rest of it costs more', async () => {
    const issued = await issue('yearly', 200);
    await show(issued);
    await page.getByLabel('What').selectOption('upgrade');
    await page.getByLabel('By').selectOption('large');
    await page.getByText('200.00 EUR').first().waitFor();
    await look(page, 'license-upgrade');
    await press(page, 'Begin the renewal');
    await pay();
    const after = await license(issued.id);
    assert.deepEqual([after.policy.name, after.expiresAt], ['large', issued.expiresAt]);
  });

  it('is paid as was agreed with its tenant, whose page says how, and what was entered wrongly', async () => {
    await page.goto(pages.at(`/tenants/${tenantId}`));
    await page.getByText('By hand: somebody says when the money has come').first().waitFor();
    await press(page, 'Change how it pays…');
    await page.getByLabel('How', { exact: true }).selectOption('stripe');
    await page.getByLabel('Currency').fill('eur');
    await page.getByLabel('Customer at Stripe').fill('somebody');
    await page.getByLabel('Payment method').fill('pm_card');
    await press(page, 'Change it');
    await page.getByText('must be a customer of Stripe').waitFor();
    await look(page, 'tenant-billing-change');
    await page.getByLabel('Customer at Stripe').fill('cus_Abo1');
    await press(page, 'Change it');
    await page.getByText('cus_Abo1').waitFor();
    await page.getByText('By card, with Stripe').first().waitFor();
    await look(page, 'tenant-billing');
    await fits(page);
  });

  it('is signed anew with all that a compromised key signed, which its page follows to the end', async () => {
    const { body } = await pages.api.ask<{ items: License[] }>('GET', `/api/v1/licenses?tenantId=${tenantId}&limit=50`);
    const count = body.items.length;
    await page.goto(pages.at('/licenses/keys/suite'));
    await press(page, 'It is compromised…');
    await page.getByLabel('Type the product to confirm').fill('suite');
    await press(page, 'Follow it at once');
    await page.getByText(`${count} licences that it signed are in use still.`).waitFor();
    await look(page, 'license-key-leaked');
    await fits(page);
    await press(page, 'Sign them anew…');
    await page.getByText(`${count} licences are signed by the key that signs now`).waitFor();
    await becomes(() => page.getByRole('button', { name: 'Sign them anew', exact: true }).isDisabled(), true);
    await page.getByLabel('Type the product to confirm').fill('suite');
    await look(page, 'license-key-reissue');
    await press(page, 'Sign them anew');
    await page.getByText('Nothing that it signed is in use.').waitFor();
    await look(page, 'license-key-reissued');
    await page.getByRole('link', { name: 'Watch the run' }).press('Enter');
    await page.getByText('Sign the licences anew').first().waitFor();
  });

  it('leaves nothing in the console of the browser', () => assert.deepEqual(pages.complaints, []));
}).timeout(90_000);
