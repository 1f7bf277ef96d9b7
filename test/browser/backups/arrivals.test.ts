import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { fingerprintOf, type Arrival } from '#contracts/backups/arrivals.ts';
import { newRequestKey } from '#domain/backups/arriving/handOver.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { handedOver } from '../../api/backups/arrivalCases.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('a tenant that goes from one installation to another, in a browser', () => {
  let pages: OpenedPages;
  let page: Page;
  let tenantId = '';

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    const { installation } = pages.api;
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi', slug: 'abo', labels: { team: 'nord' } }));
    await keepBackup(installation, tenantId);
    page = await pages.newPage(pages.api.cookie);
  });
  after(() => pages?.stop());

  it('is handed over once the fingerprint was compared', async () => {
    await page.goto(pages.at(`/tenants/${tenantId}/backups`));
    await page.getByRole('link', { name: 'Hand over…' }).press('Enter');
    const { publicKey } = newRequestKey();
    const [installation, arrival] = [randomUUID(), randomUUID()];
    const request = { v: 1, kind: 'arrival-request', installation, arrival, publicKey, until: '2100-01-01T00:00:00Z' };
    await page.getByLabel('Their request').fill(JSON.stringify(request));
    await page.getByText(await fingerprintOf(publicKey)).waitFor();
    const give = page.getByRole('button', { name: 'Hand over', exact: true });
    await becomes(() => give.isDisabled(), true);
    await page.getByLabel(/They told me the same/).check();
    await press(page, 'Hand over');
    await page.getByText('What was handed over').waitFor();
    await page.getByText(installation, { exact: true }).waitFor();
    await look(page, 'hand-over');
    await fits(page);
  });

  it('is brought from a request over a look to the run', async () => {
    await page.goto(pages.at('/backups'));
    await page.getByRole('link', { name: 'Bring a tenant' }).press('Enter');
    await page.getByText('No request yet').waitFor();
    await press(page, 'Make a request');
    await page.getByText('1. Send the request').waitFor();
    const { body } = await pages.api.ask<{ items: Arrival[] }>('GET', '/api/v1/arrivals');
    const [arrival] = body.items;
    assert.ok(arrival);
    await page.getByText(arrival.fingerprint).first().waitFor();
    const file = await handedOver(pages.api, tenantId, arrival);
    await page.getByLabel('What they gave you').fill(JSON.stringify({ ...file, at: '2026-01-01T00:00:00.000Z' }));
    await press(page, 'Look at it');
    await page.getByText("The hand-over's signature is not over this text.").waitFor();
    await page.getByLabel('What they gave you').fill(JSON.stringify(file));
    await press(page, 'Look at it');
    await page.getByText(`Signed by ${file.kid}`).waitFor();
    const make = page.getByRole('button', { name: 'Make the tenant' });
    await becomes(() => make.isDisabled(), true);
    await page.getByLabel(/I compared this/).check();
    await page.getByLabel('Name', { exact: true }).fill('Åbo, brought');
    await look(page, 'arrival');
    await fits(page);
    await press(page, 'Make the tenant');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    await page.goto(pages.at('/backups/arrivals'));
    await page.getByText('Has come').waitFor();
    await look(page, 'arrivals');
    await fits(page);
  });
});
