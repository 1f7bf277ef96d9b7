import type { Page } from 'playwright-core';
import { personWith } from '../../api/personWith.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { inTenant } from '#test/scenarios/offboarding/leavingTenant.ts';
import { fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe("the control plane's backups, in a browser", () => {
  let pages: OpenedPages;
  let page: Page;

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    await pages.api.installation.startWorker();
    page = await pages.newPage(pages.api.cookie);
    await page.goto(pages.at('/settings/platform-backups'));
  });
  after(() => pages?.stop());

  it('say that there is none, are made by the keyboard, and are shown as proven', async () => {
    await page.getByText('There is no backup yet that was read again.').waitFor();
    await look(page, 'platform-backups-none');
    await press(page, 'Back up now');
    await page.getByRole('row').getByText('Proven').waitFor();
    await page.getByText('below the data folder').waitFor();
    await page.getByText('restore platform --from').waitFor();
    await look(page, 'platform-backups');
    await fits(page);
  });

  it('are beside what fills tenants again whose data is gone', async () => {
    const { installation } = pages.api;
    const { tenantId } = await installation.provision({ name: 'Lost' });
    await keepBackup(installation, tenantId);
    await inTenant(installation, tenantId, `drop schema ${schemaNameOf(tenantId)} cascade`);
    await press(page, 'Fill what was lost');
    await page.getByRole('row').getByText('Filled again').waitFor();
    await page.getByText('1 filled again').waitFor();
    await look(page, 'refill');
    await fits(page);
  });

  it('are not for who may not recover the platform', async () => {
    const auditor = await personWith(pages.api.installation, [{ role: 'auditor' }]);
    const theirs = await pages.newPage(auditor.cookie);
    await theirs.goto(pages.at('/settings/platform-backups'));
    await theirs
      .getByText(/not permitted|may not/i)
      .first()
      .waitFor();
    await theirs.close();
  });
});
