import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { PhysicalGround } from '#test/physical/physicalGround.ts';
import { ProtectedServer, protectedGround } from '#test/physical/protectedInstallation.ts';
import { personWith } from '../../api/personWith.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

describe('a tenant out of the whole server as it was, in a browser', function () {
  this.timeout(300_000);
  let pages: OpenedPages;
  let page: Page;
  let ground: PhysicalGround;
  let server: ProtectedServer;
  let tenantId = '';
  let moment: Date;

  before(async () => {
    const protectedBy = await protectedGround();
    ({ ground } = protectedBy);
    pages = await OpenedPages.start(protectedBy.env, protectedBy.servers);
    const { installation } = pages.api;
    server = new ProtectedServer(installation, ground);
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Åbo Akademi', slug: 'abo' }));
    page = await pages.newPage(pages.api.cookie);
  });
  after(async () => {
    await pages?.stop();
    await ground?.stop();
  });

  const open = () => page.goto(pages.at(`/tenants/${tenantId}/recover`));
  /** As the input takes it, in the time of the browser, to the second. */
  const choose = async (wanted: Date) => {
    const text = await page.evaluate((ms) => {
      const at = new Date(ms);
      return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
    }, wanted.getTime());
    await page.getByLabel('As it was at').fill(text);
  };
  /** A whole second behind which everything lies that was committed before. */
  const second = async (): Promise<Date> => {
    const now = await server.now();
    const whole = new Date(Math.ceil(now.getTime() / 1_000) * 1_000);
    await pages.api.installation.until('the second to be over', 10_000, async () => (await server.now()) > whole);
    return whole;
  };

  it('says that there is no base backup yet, and what can be brought back once there is one', async () => {
    await page.goto(pages.at('/backups/recovery'));
    await page.getByText('No base backup yet', { exact: true }).waitFor();
    await server.backUp();
    await server.note(tenantId, 'kept');
    moment = await second();
    await server.inTenant(tenantId, 'delete from $.projects');
    await page.reload();
    await page.getByText('Protected', { exact: true }).waitFor();
    await page.getByText('Earliest second').waitFor();
    await page.getByText('Read again', { exact: true }).waitFor();
    await look(page, 'recovery-overview');
    await fits(page);
  });

  it('leads from the tenant to a plan, which says why a second cannot be had', async () => {
    await page.getByRole('searchbox', { name: 'Tenant' }).fill('abo');
    await page.getByRole('button', { name: /Åbo Akademi/ }).click();
    await page.waitForURL(/\/recover$/);
    await choose(new Date(Date.now() + 3_600_000));
    await press(page, 'Show what it would do');
    await page.getByText('This moment has not come yet.').waitFor();
    await becomes(() => page.getByRole('button', { name: 'Make the new tenant' }).isDisabled(), true);
    await look(page, 'recovery-refused');
  });

  it('shows what it would do, makes a tenant beside, and is followed while it works', async () => {
    await open();
    await choose(moment);
    await press(page, 'Show what it would do');
    await page.getByText('Look at every index of it').waitFor();
    await page.getByLabel('Name of the new tenant').fill('Åbo before');
    await look(page, 'recovery-plan');
    await fits(page);
    await press(page, 'Make the new tenant');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Bring the server back to the moment, beside').waitFor();
    await page.getByText('Succeeded', { exact: true }).first().waitFor({ timeout: 60_000 });
    await look(page, 'recovery-run');
    await page.getByRole('link', { name: 'the copy and its restore' }).click();
    await page.waitForURL(/\/recover$/);
    await page.getByRole('link', { name: 'another tenant' }).click();
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor({ timeout: 60_000 });
    const [made] = await pages.api.installation.asAdmin<{ id: string }>(
      null,
      `select id from tenants where name = 'Åbo before'`,
    );
    assert.deepEqual(await server.notes(made!.id), ['kept']);
  });

  it('replaces what is there when the address is typed out', async () => {
    await open();
    await choose(moment);
    await page.getByRole('radio', { name: /In place/ }).check();
    await press(page, 'Show what it would do');
    await page.getByText('nobody gets in from here on').waitFor();
    const begin = page.getByRole('button', { name: 'Replace what is there' });
    await becomes(() => begin.isDisabled(), true);
    await page.getByLabel(/Type the address/).fill('abo');
    await look(page, 'recovery-in-place');
    await press(page, 'Replace what is there');
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor({ timeout: 60_000 });
    await page.goto(pages.at('/backups/recovery'));
    await page.getByRole('link', { name: 'a restore', exact: true }).click();
    await page.waitForURL(/\/runs\//);
    await page.getByText('Succeeded', { exact: true }).first().waitFor({ timeout: 60_000 });
    assert.deepEqual(await server.notes(tenantId), ['kept']);
    await page.goto(pages.at('/backups/recovery'));
    await page.getByText('indexes looked at').first().waitFor();
    await look(page, 'recoveries');
    await fits(page);
    assert.deepEqual(pages.complaints, []);
  });

  it('is only looked at by who may not restore', async () => {
    const auditor = await personWith(pages.api.installation, [{ role: 'auditor' }]);
    const theirs = await pages.newPage(auditor.cookie);
    await theirs.goto(pages.at(`/tenants/${tenantId}/recover`));
    await theirs.getByText('You may see what was brought back, and not bring back.').waitFor();
    await theirs.close();
  });
});
