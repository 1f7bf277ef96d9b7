import assert from 'node:assert/strict';
import type { License } from '#contracts/licenses/licenses.ts';
import type { Page } from 'playwright-core';
import { personWith } from '../../api/personWith.ts';
import { TestAccount } from '../../api/signIn/testAccount.ts';
import { addLicensedPlan } from '../../servers/licensedPlan.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('licence policies, keys and the portal, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    page = await pages.newPage(pages.api.cookie);
  });
  after(() => pages?.stop());

  it('writes a policy, and says line by line what is wrong with it', async () => {
    await page.goto(pages.at('/licenses/policies'));
    await look(page, 'license-policies-none');
    await page.getByRole('link', { name: 'New policy' }).press('Enter');
    await page.getByLabel('Name').fill('yearly');
    const rules = page.getByLabel('Rules, as JSON');
    await rules.fill('{ "product": ');
    await page.getByText('This is not JSON yet').waitFor();
    await rules.fill(
      JSON.stringify(
        { product: 'atlas', term: { kind: 'term', period: 'P1M' }, graceDays: 40, seats: { soft: 2 } },
        null,
        2,
      ),
    );
    await press(page, 'Save as v1');
    await page.getByText('must be less than the term').waitFor();
    await page.getByText('2 things are wrong.').waitFor();
    await look(page, 'license-policy-wrong');
    await fits(page);
    await rules.fill(
      JSON.stringify(
        {
          product: 'atlas',
          term: { kind: 'term', period: 'P1Y' },
          graceDays: 14,
          connectivityDays: 30,
          seats: { limit: 20 },
          entitlements: { sso: { flag: true }, projects: { number: 50 } },
        },
        null,
        2,
      ),
    );
    await press(page, 'Save as v1');
    await page.waitForURL('**/licenses/policies/yearly');
    await page.getByText('for 30 days').waitFor();
    await look(page, 'license-policy');
    await fits(page);
  });

  it('shows what a new version says otherwise, and lets a plan license by it', async () => {
    await page.getByRole('link', { name: 'New version' }).press('Enter');
    const rules = page.getByLabel('Rules, as JSON');
    await rules.fill((await rules.inputValue()).replace('"graceDays": 14', '"graceDays": 30'));
    await press(page, 'Save as v2');
    await page.waitForURL('**/licenses/policies/yearly?version=2&against=1');
    await page.getByText('What v2 says otherwise than v1').waitFor();
    await becomes(() => page.locator('del').textContent(), '14 days');
    await becomes(() => page.locator('ins').textContent(), '30 days');
    await press(page, 'License by this…');
    await look(page, 'license-policy-plan');
    await press(page, 'Move the plan');
    await page.getByText('at this version').waitFor();
    await look(page, 'license-policy-diff');
    await fits(page);
    await page.goto(pages.at('/licenses/policies'));
    await page.getByRole('row', { name: /yearly v2.*standard/ }).waitFor();
    await look(page, 'license-policies');
    await fits(page);
  });

  it('shows the keys of a product, publishes the next one, and follows one that is compromised', async () => {
    await page.getByRole('link', { name: 'Signing keys' }).press('Enter');
    await look(page, 'license-keys');
    await page.getByRole('link', { name: 'atlas' }).press('Enter');
    await page.getByText('Signs now').waitFor();
    await press(page, 'Rotate…');
    await page.getByLabel('Days until it signs').fill('10');
    await look(page, 'license-key-rotate');
    await press(page, 'Publish the next key');
    await page.getByText('Signs next').waitFor();
    await becomes(() => page.getByRole('button', { name: 'Rotate…' }).isDisabled(), true, 'one at a time');
    await page.getByText('For products').first().click();
    await look(page, 'license-key');
    await fits(page);
    await press(page, 'It is compromised…');
    await page.getByLabel('Type the product to confirm').fill('atlas');
    await look(page, 'license-key-compromised');
    await press(page, 'Follow it at once');
    await page.getByText('Signs next').waitFor({ state: 'detached' });
    await page.getByText('Signs now').waitFor();
  });

  it('shows an auditor the same and lets them change nothing', async () => {
    const { cookie } = await personWith(pages.api.installation, [{ role: 'auditor' }]);
    const auditor = await pages.newPage(cookie);
    await auditor.goto(pages.at('/licenses'));
    await auditor.getByRole('heading', { name: 'Licences', exact: true }).waitFor();
    for (const path of ['/licenses/policies', '/licenses/policies/yearly', '/licenses/keys', '/licenses/keys/atlas']) {
      await auditor.goto(pages.at(path));
      await auditor.locator('h1').waitFor();
      for (const name of [/New/, /Rotate/, /compromised/, /License by/, /Move to/])
        await becomes(() => auditor.getByRole('button', { name }).count(), 0, `${path} ${String(name)}`);
    }
    await auditor.context().close();
  });

  it("shows a tenant's people their licences and seats at the portal", async () => {
    const { installation } = pages.api;
    const database = { kind: 'resource', key: 'database', provider: 'database', title: 'Create the database' };
    const realm = { kind: 'resource', key: 'realm', provider: 'realm', title: 'Create the realm' };
    const license = { kind: 'resource', key: 'license', provider: 'license', title: 'Issue the licence' };
    const rules = { seats: { limit: 20 }, entitlements: { sso: { flag: true }, projects: { number: 50 } } };
    const plan = await addLicensedPlan(installation, rules, { name: 'portal', steps: [database, realm, license] });
    await installation.startWorker();
    const tenant = await installation.provision({ name: 'Åbo Akademi', plan });
    const member = await TestAccount.joinTenant(pages.api, tenant, 'tenant-admin');
    const inside = await pages.newPage(member.cookie);
    await inside.goto(pages.at(`/portal/${tenant.slug}`));
    await inside.getByRole('link', { name: 'Licences' }).press('Enter');
    await inside.getByText('0 of 20').waitFor();
    await inside.getByText('projects').waitFor();
    await look(inside, 'license-portal');
    await fits(inside);
    const downloading = inside.waitForEvent('download');
    await inside.getByRole('link', { name: 'Download the file' }).press('Enter');
    assert.match((await downloading).suggestedFilename(), /^suite-.*\.lic$/);
    const licences = await pages.api.ask<{ items: License[] }>('GET', '/api/v1/licenses');
    const fileOf = (licence: License | undefined, cookie: string) =>
      pages.api.ask('GET', `/api/v1/portals/${tenant.slug}/licenses/${licence!.id}/file`, { cookie });
    const own = licences.body.items.find(({ tenantId }) => tenantId === tenant.tenantId);
    const viewer = await TestAccount.joinTenant(pages.api, tenant, 'viewer');
    assert.equal((await fileOf(own, viewer.cookie)).status, 403, 'who only looks is handed no file');
    const another = await installation.provision({ name: 'Turun yliopisto', plan });
    const { body: all } = await pages.api.ask<{ items: License[] }>(
      'GET',
      `/api/v1/licenses?tenantId=${another.tenantId}`,
    );
    assert.equal((await fileOf(all.items[0], member.cookie)).status, 404, 'nor is there a licence of another tenant');
  });

  it('leaves nothing in the console of the browser', () => assert.deepEqual(pages.complaints, []));
}).timeout(90_000);
