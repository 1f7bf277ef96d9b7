import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { personWith } from '../../api/personWith.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('schedules, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    await pages.api.installation.startWorker();
    await pages.api.installation.until('the worker to make its schedules', 20_000, async () => {
      const { body } = await pages.api.ask<{ items: { state: string }[] }>('GET', '/api/v1/schedules');
      return body.items.every(({ state }) => state !== 'missing'); // some are off until they are configured
    });
    page = await pages.newPage(pages.api.cookie);
    await page.goto(pages.at('/settings/schedules'));
  });
  after(() => pages?.stop());

  const job = (title: string) => page.getByRole('row', { name: title });
  const cull = 'Take away seats and machines of the silent';

  it('are listed with their times, at a desk and on a telephone', async () => {
    const drift = job('Compare tenants with the registry');
    await drift.getByText('daily at 02:17 UTC').waitFor();
    await drift.getByText('Active').waitFor();
    await job(cull).getByText('every 30 s').waitFor();
    await drift.getByText('Compare tenants with the registry').click();
    await drift.getByText('passes over a time when the one before is not done').waitFor();
    await look(page, 'schedules');
    await fits(page);
  });

  it('are paused with a reason, by the keyboard, and resumed', async () => {
    await press(page, `Pause: ${cull}`);
    await page.getByLabel('Why').fill('');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').locator('.problem').waitFor();
    await page.getByLabel('Why').fill('Counting by hand this week');
    await look(page, 'schedules-pause');
    await page.keyboard.press('Enter');
    await job(cull).getByText('Counting by hand this week').waitFor();
    await page.getByText('One job is paused').waitFor();
    await look(page, 'schedules-paused');
    await fits(page);
    await press(page, `Resume: ${cull}`);
    await job(cull).getByText('Active').waitFor();
    await becomes(() => page.getByText('One job is paused').count(), 0);
  });

  it('are carried out now', async () => {
    const sweep = 'Look for orphans';
    await job(sweep).getByText('never').waitFor();
    await press(page, `Run now: ${sweep}`);
    await press(page, 'Run it');
    await job(sweep).getByText('just now').or(job(sweep).getByText(/s ago/)).waitFor();
  });

  it('are made up for, and say what is wrong with a range', async () => {
    await job(cull).getByText(cull).click();
    await press(page, `Make up for: ${cull}`);
    await page.getByLabel('From (UTC)').fill('2026-01-01T00:00');
    await page.getByLabel('To (UTC)').fill('2026-01-02T00:00');
    await press(page, 'Make up for it');
    await page.getByText('holds 2881 times of this schedule').waitFor();
    await look(page, 'schedules-backfill');
    await page.getByLabel('To (UTC)').fill('2026-01-01T00:01');
    await press(page, 'Make up for it');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  it('are only read by who may only read them', async () => {
    const auditor = await personWith(pages.api.installation, [{ role: 'auditor' }]);
    const theirs = await pages.newPage(auditor.cookie);
    await theirs.goto(pages.at('/settings/schedules'));
    await theirs.getByText(cull).waitFor();
    await becomes(() => theirs.getByRole('button', { name: /^Pause/ }).count(), 0);
    assert.deepEqual(pages.complaints, []);
  });
});
