import type { Page } from 'playwright-core';
import { TcpProxy } from '../../api/tcpProxy.ts';
import { fits, look } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('schedules while Temporal is away, in a browser', () => {
  let temporal: TcpProxy;
  let pages: OpenedPages;
  let page: Page;

  before(async function () {
    this.timeout(120_000);
    const { hostname, port } = new URL(`tcp://${process.env['TEST_TEMPORAL_ADDRESS']}`);
    temporal = await TcpProxy.to(hostname, Number(port));
    pages = await OpenedPages.start({ TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}` });
    page = await pages.newPage(pages.api.cookie);
  });
  after(async () => {
    temporal.become('open');
    await pages?.stop();
    await temporal.stop();
  });

  it('say calmly that they are kept elsewhere, and come back by themselves', async () => {
    temporal.become('refusing');
    await page.goto(pages.at('/settings/schedules'));
    await page.getByRole('heading', { name: 'Temporal does not answer' }).waitFor();
    await look(page, 'schedules-away');
    await fits(page);
    temporal.become('open');
    await page.getByRole('row', { name: 'Compare tenants with the registry' }).waitFor({ timeout: 45_000 });
    await page.getByRole('heading', { name: 'Temporal does not answer' }).waitFor({ state: 'detached' });
  });
}).timeout(120_000);
