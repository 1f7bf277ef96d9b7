import assert from 'node:assert/strict';
import type { License } from '#contracts/licenses/licenses.ts';
import type { Page } from 'playwright-core';
import { addLicensedPlan } from '../../servers/licensedPlan.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('renewing licences, in a browser', () => {
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
  });
  after(() => pages?.stop());

  const licenseOf = async (): Promise<License> => {
    const { body } = await pages.api.ask<{ items: License[] }>('GET', `/api/v1/licenses?tenantId=${tenantId}`);
    return body.items[0]!;
  };

  it('says what a term costs, per version of a policy', async () => {
    await page.goto(pages.at('/licenses/policies/licensed'));
    await page.getByText('It has no price').waitFor();
    await press(page, 'Set a price…');
    await page.getByLabel('Amount').fill('1200.50');
    await look(page, 'license-price');
    await press(page, 'Set the price');
    await page.getByText('1,200.50 EUR').waitFor();
    await look(page, 'license-prices');
    await fits(page);
  });

  it('quotes a renewal before it begins, and follows it while it waits for the payment', async () => {
    const { id } = await licenseOf();
    await page.goto(pages.at(`/licenses/${id}`));
    await page.getByText('It is renewed by hand.').waitFor();
    await press(page, 'Renew…');
    await page.getByText('One term of licensed v1').waitFor();
    await look(page, 'license-renew');
    await press(page, 'Begin the renewal');
    await page.getByText('Waits for the payment').waitFor();
    await look(page, 'license-renewing');
    await fits(page);
    await becomes(() => page.getByRole('button', { name: 'Renew…' }).isDisabled(), true, 'one at a time');
  });

  it('shows its run like any other', async () => {
    await page.getByRole('link', { name: 'Watch the run' }).press('Enter');
    await page.getByRole('heading', { name: 'Waits for the payment' }).waitFor();
    await look(page, 'license-renewal-run');
    await fits(page);
    await page.goBack();
  });

  it('is renewed when somebody marks it as paid, and the page says so by itself', async () => {
    const before = await licenseOf();
    await press(page, 'It is paid…');
    await page.getByLabel('Reference').fill('R-2027-17');
    await look(page, 'license-paid');
    await press(page, 'Mark as paid');
    await page.getByText('Done', { exact: true }).waitFor();
    const after = await licenseOf();
    assert.equal(new Date(after.expiresAt!).getUTCFullYear(), new Date(before.expiresAt!).getUTCFullYear() + 1);
    await look(page, 'license-renewed');
    await fits(page);
  });

  it('takes one back whose payment is declined', async () => {
    const { expiresAt } = await licenseOf();
    await press(page, 'Renew…');
    await page.getByText('One term of licensed v1').waitFor();
    await press(page, 'Begin the renewal');
    await press(page, 'It is declined…');
    await press(page, 'Mark as declined');
    await page.getByText('Taken back', { exact: true }).waitFor();
    assert.equal((await licenseOf()).expiresAt, expiresAt);
  });

  it('lets one end with its term, and takes that back', async () => {
    await press(page, 'Let it end');
    await page.getByText('It ends with its term and is not renewed').waitFor();
    await look(page, 'license-ending');
    await press(page, 'Renew it after all');
    await page.getByText('It is renewed by hand.').waitFor();
  });

  it('leaves nothing in the console of the browser', () => assert.deepEqual(pages.complaints, []));
}).timeout(90_000);
