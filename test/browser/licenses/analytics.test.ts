import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { theSystem } from '#domain/events/appendEvent.ts';
import { noteSeatPeaks } from '#domain/licenses/usage/noteSeatPeaks.ts';
import { rollUpUsage } from '#domain/licenses/usage/rollUpUsage.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { becomes, fits, look } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

const dayMs = 86_400_000;

describe('figures of licences, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start({ TENANTRY_USAGE_LATE_DAYS: '31' });
    page = await pages.newPage(pages.api.cookie);
  });
  after(() => pages?.stop());

  const ask = async (path: string, body: object) => {
    const { status, body: answer, text } = await pages.api.ask('POST', `/api/v1/${path}`, { body });
    assert.ok(status < 300, text);
    return answer;
  };
  async function licensed(name: string, endsInDays: number): Promise<string> {
    const { installation } = pages.api;
    const { tenantId } = await installation.em.transactional((em) =>
      registerTenant(em, installation.platform.tenantKeys, { name }, theSystem),
    );
    await installation.asAdmin(null, `update tenants set state = 'active' where id = $1`, [tenantId]);
    const body = {
      policy: { name: 'metered', version: 1 },
      startsAt: new Date(Date.now() - 60 * dayMs).toISOString(),
      expiresAt: new Date(Date.now() + endsInDays * dayMs).toISOString(),
    };
    return String((await ask(`tenants/${tenantId}/licenses`, body))['id']);
  }

  it('say that there is nothing while there is nothing', async () => {
    await page.goto(pages.at('/licenses'));
    await page.getByRole('link', { name: 'Analytics' }).press('Enter');
    await page.getByText('Nothing was measured in this time').waitFor();
    await page.getByText('No licence is active').waitFor();
    await look(page, 'analytics-empty');
  });

  it('show usage, ends, renewals and seats, at a desk and on a telephone', async () => {
    const rules = {
      product: 'suite',
      term: { kind: 'term', period: 'P1Y' },
      graceDays: 14,
      seats: { limit: 20 },
      entitlements: {
        'api.calls': { meter: { limit: 100_000, per: 'month' } },
        'gb.stored': { meter: { limit: null, per: 'day' } },
      },
    };
    await ask('license-policies/metered/versions', { baseVersion: 0, rules });
    const ids = [await licensed('Åbo Akademi', 5), await licensed('Turun yliopisto', 40), await licensed('Old', -3)];
    for (let day = 0; day < 30; day++)
      await ask('licenses/usage', {
        events: ids.slice(0, 2).flatMap((licenseId, at) =>
          ['api.calls', 'api.calls', 'gb.stored'].map((meter) => ({
            id: randomUUID(),
            licenseId,
            meter,
            quantity: 200 + ((day * 137 + at * 61) % 900),
            at: new Date(Date.now() - day * dayMs).toISOString(),
          })),
        ),
      });
    for (const holder of ['ann', 'bob', 'carol'])
      await ask('licenses/check-out', { licenseId: ids[0], kind: 'seat', holder });
    await rollUpUsage(pages.api.installation.em, new Date());
    await noteSeatPeaks(pages.api.installation.em, new Date());
    await page.reload();
    const usage = page.getByRole('region', { name: 'Usage' });
    await usage.getByRole('row', { name: /Åbo Akademi/ }).waitFor();
    await page.getByRole('region', { name: 'Seats and machines' }).getByText('3 of 20').waitFor();
    await look(page, 'analytics');
    await fits(page);
  });

  it('are chosen by the keyboard, tell their values as tables, and are taken away as CSV', async () => {
    const usage = page.getByRole('region', { name: 'Usage' });
    await usage.getByLabel('Time').selectOption('7');
    await page.waitForURL('**/licenses/analytics?days=7');
    await usage.getByLabel('Meter').selectOption('gb.stored');
    await page.waitForURL(/meter=gb\.stored/);
    await usage.getByText('As a table').press('Enter');
    await becomes(
      () => usage.getByRole('table', { name: 'Usage of gb.stored by the day' }).getByRole('row').count(),
      8,
    );
    await page.getByLabel('Plan').selectOption('standard');
    await page.waitForURL(/plan=standard/);
    await page.getByLabel('Product').selectOption('suite');
    await page.waitForURL(/product=suite/);
    assert.match(page.url(), /meter=gb\.stored/, 'what was chosen before stays');
    await usage
      .getByRole('row', { name: /Åbo Akademi/ })
      .first()
      .waitFor();
    await look(page, 'analytics-filtered');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Usage as CSV' }).press('Enter');
    assert.match((await download).suggestedFilename(), /^licences-usage-.*\.csv$/);
    await page.getByRole('link', { name: 'Ending within 30 days' }).press('Enter');
    await page.waitForURL('**/licenses?ends=30');
    await page.getByRole('link', { name: 'Åbo Akademi' }).waitFor();
    await becomes(() => page.getByRole('link', { name: 'Turun yliopisto' }).count(), 0);
    assert.deepEqual(pages.complaints, []);
  });
});
