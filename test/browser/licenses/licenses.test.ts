import assert from 'node:assert/strict';
import type { License } from '#contracts/licenses/licenses.ts';
import type { Page } from 'playwright-core';
import { addLicensedPlan } from '../../servers/licensedPlan.ts';
import { fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

const entitlements = {
  sso: { flag: true },
  projects: { number: 50 },
  api_calls: { meter: { limit: 1000, per: 'month' } },
};
const rules = { seats: { limit: 20, heartbeatSeconds: 300 }, graceDays: 14, transferable: true, entitlements };

describe('licences, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let tenantId: string;
  let other: string;

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    const { installation } = pages.api;
    const plan = await addLicensedPlan(installation, rules);
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi', plan }));
    ({ tenantId: other } = await installation.provision({ name: 'Turun yliopisto', plan }));
    page = await pages.newPage(pages.api.cookie);
  });
  after(() => pages?.stop());

  const licenseOf = async (of: string): Promise<License> => {
    const { body } = await pages.api.ask<{ items: License[] }>('GET', `/api/v1/licenses?tenantId=${of}`);
    return body.items[0]!;
  };

  it('lists them, and finds them by tenant, state and end', async () => {
    await page.goto(pages.at('/tenants'));
    await page.getByRole('link', { name: 'Licences', exact: true }).press('Enter');
    await page.getByRole('link', { name: 'Turun yliopisto' }).waitFor();
    await look(page, 'licenses');
    await fits(page);
    await page.getByLabel('Search licences').pressSequentially('abo');
    await page.getByRole('link', { name: 'Turun yliopisto' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Åbo Akademi' }).waitFor();
    await page.getByLabel('End').selectOption({ label: 'Within 30 days' });
    await page.getByText('Nothing matches').waitFor();
    await page.getByRole('link', { name: 'Show all licences' }).press('Enter');
    await page.getByRole('link', { name: 'Turun yliopisto' }).waitFor();
  });

  it('shows what one grants, hands out its file and its key', async () => {
    const { id } = await licenseOf(tenantId);
    await page.getByRole('link', { name: 'Åbo Akademi' }).press('Enter');
    await page.waitForURL(`**/licenses/${id}`);
    await page
      .getByRole('row', { name: /projects/ })
      .getByText('50')
      .first()
      .waitFor();
    await page.getByText('Issued', { exact: true }).waitFor();
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).press('Enter');
    assert.equal((await downloading).suggestedFilename(), `suite-${id}.lic`);
    await press(page, 'Show the key');
    const key = await page.locator('.key code').textContent();
    assert.match(key ?? '', /^(?:[0-9A-HJKMNP-TV-Z]{5}-?){5}$/);
    await look(page, 'license');
    await fits(page);
  });

  it('overrides an entitlement for a while, and takes it back', async () => {
    await press(page, 'Override projects');
    await page.getByLabel('Number').fill('75');
    await page.getByLabel('Until').fill('2099-01-01T12:00');
    await look(page, 'license-override');
    await press(page, 'Override');
    await page.getByRole('row', { name: /projects 75 50/ }).waitFor();
    await page.getByText('An entitlement was overridden').waitFor();
    await look(page, 'license-overridden');
    await press(page, 'Take the override of projects back');
    await page.getByRole('row', { name: /projects 50 50/ }).waitFor();
  });

  it('shows who has a seat, and takes one away', async () => {
    const { id } = await licenseOf(tenantId);
    for (const holder of ['one', 'two'])
      await pages.api.ask('POST', '/api/v1/licenses/check-out', { body: { licenseId: id, kind: 'seat', holder } });
    await page.reload();
    await page.getByText('2 of 20').waitFor();
    await look(page, 'license-uses');
    await fits(page);
    await page
      .getByRole('button', { name: /^Take the seat away/ })
      .first()
      .focus();
    await page
      .getByRole('button', { name: /^Take the seat away/ })
      .first()
      .click({ trial: true });
    await page.keyboard.press('Enter');
    await press(page, 'Take it away');
    await page.getByText('1 of 20').waitFor();
  });

  it('suspends, reinstates and signs anew, and says before what comes of it', async () => {
    await press(page, 'Suspend…');
    await page.getByText('files from before are put on the list').waitFor();
    await look(page, 'license-suspend');
    await press(page, 'Suspend it');
    await page.getByText('Suspended', { exact: true }).first().waitFor();
    await press(page, 'Reinstate…');
    await press(page, 'Reinstate it');
    await page.getByText('Valid', { exact: true }).first().waitFor();
    const { serial } = await licenseOf(tenantId);
    await press(page, 'Sign anew…');
    await page.getByText(`the serial ${serial + 1}`).waitFor();
    await look(page, 'license-sign-anew');
    await page.getByLabel('Revoke the files from before').check();
    await press(page, 'Sign it anew');
    await page.getByText(`, serial ${serial + 1}, by key`).waitFor();
  });

  it('says that it is closed with its tenant', async () => {
    const { id } = await licenseOf(other);
    await pages.api.installation.asAdmin(
      null,
      `update licenses set access = 'suspended', access_at = now() where tenant_id = $1`,
      [other],
    );
    await page.goto(pages.at(`/licenses/${id}`));
    await page.getByText('is suspended, and the licence with it').waitFor();
    await look(page, 'license-closed');
    await fits(page);
    await pages.api.installation.asAdmin(null, `update licenses set access = 'open' where tenant_id = $1`, [other]);
  });

  it('gives what is left to another tenant', async () => {
    const { id } = await licenseOf(other);
    await page.goto(pages.at(`/licenses/${id}`));
    await press(page, 'Transfer…');
    await page.getByLabel('Tenant').pressSequentially('abo');
    await page.getByRole('button', { name: /^Åbo Akademi/ }).press('Enter');
    await look(page, 'license-transfer');
    await press(page, 'Transfer it');
    await page.getByRole('link', { name: 'another tenant’s' }).waitFor();
    await page.goto(pages.at(`/licenses/${id}`));
    await page.getByText('Given to another tenant').waitFor();
    await look(page, 'license-over');
  });

  it("issues another one from the tenant's page, and revokes it for good", async () => {
    await page.goto(pages.at(`/tenants/${tenantId}`));
    await page.getByRole('heading', { name: 'Licences' }).waitFor();
    await look(page, 'license-tenant');
    await fits(page);
    await page.getByRole('link', { name: 'Issue a licence' }).press('Enter');
    await page.getByText('The plan points at licensed, for suite.').waitFor();
    await page.getByLabel('A trial').check();
    await look(page, 'license-new');
    await fits(page);
    await press(page, 'Issue the licence');
    await page.getByText('is not possible: the policy has no trials').waitFor();
    await page.getByLabel('A test').check();
    await press(page, 'Issue the licence');
    await page.waitForURL(/\/licenses\/[0-9a-f-]{36}$/);
    await page.getByText('Test', { exact: true }).waitFor();
    await press(page, 'Revoke…');
    await page.getByLabel('Reason').selectOption({ label: 'It was not paid for' });
    await page.getByLabel('Type the product to confirm').fill('suite');
    await look(page, 'license-revoke');
    await press(page, 'Revoke it for good');
    await page.getByText('Revoked', { exact: true }).first().waitFor();
    await page.getByText('it was not paid for').waitFor();
  });

  it('gives a tenant another plan, and its licence what that grants', async () => {
    await addLicensedPlan(pages.api.installation, { ...rules, seats: { limit: 50 } }, { name: 'large' });
    const before = await licenseOf(tenantId);
    await page.goto(pages.at(`/tenants/${tenantId}`));
    await press(page, 'Change the plan…');
    await page.getByLabel('Plan', { exact: true }).selectOption({ label: 'large' });
    await look(page, 'license-plan-change');
    await press(page, 'Change the plan');
    await page.getByRole('link', { name: 'suite' }).first().waitFor();
    await page.getByRole('cell', { name: 'large v1' }).waitFor();
    await fits(page);
    assert.notEqual(before.plan, 'large');
  });

  it('leaves nothing in the console of the browser', () => assert.deepEqual(pages.complaints, []));
}).timeout(90_000);
