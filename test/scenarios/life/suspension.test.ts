import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewSuspension, SuspensionStarted, TenantSuspensions } from '#contracts/life/suspension.ts';
import type { Problem } from '#contracts/problems.ts';
import { openCheck } from '#domain/drift/check.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { bucketNameOf } from '#domain/resources/names.ts';
import { startApi, type RunningApi } from '#api/server.ts';
import { startRun } from '#temporal/startRun.ts';
import { assertInTime } from '#test/run/patience.ts';
import { ApiInstallation } from '../../api/apiInstallation.ts';
import { personWith } from '../../api/personWith.ts';
import { tenantLogin } from '../../servers/tenantLogin.ts';
import { doorsOf, openSessions } from './tenantDoors.ts';

const reason = 'Three invoices are open.';
const allOpen = { portal: 'open', session: 'open', issuer: 'open', keys: 'open', apiKey: 'open', database: 'open' };
const allClosed = {
  portal: 'tenant_suspended',
  session: 'tenant_suspended',
  issuer: 'not_found',
  keys: 'not_found',
  apiKey: 'tenant_suspended',
  database: '28000',
};

describe('suspending a tenant', () => {
  let api: ApiInstallation;
  let other: RunningApi;

  before(async () => {
    api = await ApiInstallation.start();
    other = await startApi(api.installation.configuration);
    await api.installation.startWorker();
  });
  after(async () => {
    await other?.stop();
    await api?.stop();
  });

  const pathOf = (tenantId: string) => `/api/v1/tenants/${tenantId}`;
  async function newTenant(name: string) {
    const tenant = await api.installation.provision({ name, admin: { email: `${Date.now()}@example.org` } });
    const { body } = await api.ask<{ key: string }>('POST', '/api/v1/api-keys', {
      body: { name, permissions: ['tenants:read'], scope: { kind: 'tenant', tenantId: tenant.tenantId } },
    });
    return { ...tenant, key: body.key };
  }
  const suspend = (tenant: { tenantId: string; slug: string }, more: Partial<NewSuspension> = {}) =>
    api.ask<SuspensionStarted & Problem>('POST', `${pathOf(tenant.tenantId)}/suspension`, {
      body: { confirm: tenant.slug, reason, ...more },
    });
  const resume = (tenantId: string) => api.ask<SuspensionStarted & Problem>('POST', `${pathOf(tenantId)}/resume`);
  const ends = async (runId: unknown, state = 'succeeded') =>
    assert.equal((await api.installation.runIsOver(String(runId))).state, state);
  const suspended = async (name: string) => {
    const tenant = await newTenant(name);
    await ends((await suspend(tenant)).body.runId);
    return tenant;
  };

  it('refuses the tenant everywhere on every process, and ends the sessions of its database, within five seconds', async () => {
    const tenant = await newTenant('Closed everywhere');
    const sessions = await openSessions(api.installation, tenant.tenantId);
    assert.deepEqual(await doorsOf(api, tenant), allOpen);
    assert.deepEqual(await doorsOf(api, tenant, other.url), allOpen);
    assert.equal((await sessions.alive()).length, 3);

    const { status, body } = await suspend(tenant, { notice: 'Please call us.' });
    const accepted = performance.now();
    assert.equal(status, 202);
    await api.installation.until('every door to refuse', 5_000, async () => {
      const doors = [await doorsOf(api, tenant), await doorsOf(api, tenant, other.url)];
      return doors.every((found) => JSON.stringify(found) === JSON.stringify(allClosed));
    });
    await api.installation.until('its sessions to end', 5_000, async () => (await sessions.alive()).length === 0);
    assertInTime(performance.now() - accepted, 5_000, 'every door');
    assert.match(await sessions.ran, /^57P01$|ended/);
    await ends(body.runId);
    const { body: problem } = await api.ask<Problem>('GET', `/api/v1/portals/${tenant.slug}`);
    assert.equal(problem.notice, 'Please call us.');
    assert.ok(!JSON.stringify(problem).includes(reason), 'the reason is for the platform');
    await sessions.end();
  });

  it('opens what the suspension closed when the tenant is resumed, and leaves closed what was closed before', async () => {
    const tenant = await newTenant('As it was');
    const { tenantId } = tenant;
    await api.installation.asAdmin(
      null,
      `update resources set access = 'suspended' where tenant_id = $1 and provider = 'storage'`,
      [tenantId],
    );
    const login = await tenantLogin(api.installation, tenantId);
    await ends((await suspend(tenant)).body.runId);
    const accessOf = () =>
      api.installation.asAdmin<{ provider: string; access: string }>(
        null,
        'select provider, access from resources where tenant_id = $1 order by position',
        [tenantId],
      );
    assert.deepEqual(
      (await accessOf()).map(({ access }) => access),
      ['suspended', 'suspended', 'suspended'],
    );
    await ends((await resume(tenantId)).body.runId);
    assert.deepEqual(await doorsOf(api, tenant), allOpen);
    assert.deepEqual(
      (await accessOf()).map(({ provider, access }) => `${provider} ${access}`),
      ['database open', 'realm open', 'storage suspended'],
    );
    assert.equal((await tenantLogin(api.installation, tenantId)).password, login.password, 'with the same password');
  });

  it('closes the bucket to the group of the application, and not to Tenantry, which goes on backing it up', async () => {
    const { tenantId } = await suspended('A closed bucket');
    const folder = join(api.installation.configuration.storageDir, bucketNameOf(tenantId));
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    await ends((await resume(tenantId)).body.runId);
    assert.equal((await stat(folder)).mode & 0o777, 0o750);
  });

  it('is no difference to a drift check', async () => {
    const { tenantId } = await suspended('Compared while suspended');
    const runId = await api.installation.em.transactional((em) => openCheck(em, tenantId, theSystem));
    await startRun(api.installation.platform, api.installation.temporal.client, runId);
    await ends(runId);
    assert.deepEqual(
      await api.installation.asAdmin(null, 'select what, expected, found from drift_findings where tenant_id = $1', [
        tenantId,
      ]),
      [],
    );
  });

  it('ends whoever of the platform acts for the tenant', async () => {
    const tenant = await newTenant('Entered');
    const { cookie } = await personWith(api.installation, [{ role: 'support' }]);
    const { body } = await api.ask<{ id: string }>('POST', '/api/v1/support-accesses/break-glass', {
      cookie,
      body: { tenantId: tenant.tenantId, reason: 'Their import has stopped.', minutes: 30 },
    });
    await api.ask('POST', `/api/v1/support-accesses/${body.id}/enter`, { cookie });
    await ends((await suspend(tenant)).body.runId);
    const [access] = await api.installation.asAdmin<{ state: string; ended_by: string }>(
      null,
      'select state, ended_by from support_accesses where id = $1',
      [body.id],
    );
    assert.deepEqual(access, { state: 'ended', ended_by: 'tenant_closed' });
    const again = await api.ask<Problem>('POST', '/api/v1/support-accesses/break-glass', {
      cookie,
      body: { tenantId: tenant.tenantId, reason: 'Their import has stopped.', minutes: 30 },
    });
    assert.equal(again.body.code, 'tenant_not_active');
  });

  it("tells the tenant's administrator the notice and never the reason, which rests sealed", async () => {
    const { tenantId } = await suspended('Told');
    const [row] = await api.installation.asAdmin<{ row: string }>(
      null,
      'select suspensions::text as row from suspensions where tenant_id = $1',
      [tenantId],
    );
    assert.ok(!row!.row.includes(reason));
    const told = await api.installation.asAdmin<{ data: object }>(
      null,
      `select data from events where tenant_id = $1 and type like 'tenant.susp%'`,
      [tenantId],
    );
    assert.ok(told.length > 0 && !JSON.stringify(told).includes(reason));
    const mails = await api.installation.asAdmin(null, `select 1 from mails where kind = 'tenant_access'`);
    assert.ok(mails.length > 0);
  });

  it('refuses a suspension of a suspended tenant, a resumption of an active one, and what is not confirmed', async () => {
    const tenant = await suspended('Suspended once');
    assert.deepEqual([(await suspend(tenant)).status, (await suspend(tenant)).body.code], [409, 'suspension_open']);
    await ends((await resume(tenant.tenantId)).body.runId);
    const again = await resume(tenant.tenantId);
    assert.deepEqual([again.status, again.body.code], [409, 'suspension_over']);
    assert.equal((await suspend(tenant, { confirm: 'another' })).body.code, 'confirmation_mismatch');
  });

  it('lets one of many that suspend and resume at once win, and refuses the others with 409', async () => {
    for (const from of ['active', 'suspended'] as const) {
      const tenant = await newTenant(`Raced from ${from}`);
      if (from === 'suspended') await ends((await suspend(tenant)).body.runId);
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => (i % 2 ? suspend(tenant) : resume(tenant.tenantId))),
      );
      const won = answers.filter(({ status }) => status === 202);
      assert.equal(won.length, 1, JSON.stringify(answers.map(({ status, body }) => body.code ?? status)));
      const refused = answers.filter(({ status }) => status !== 202 && status !== 409);
      assert.deepEqual(
        refused.map(({ text }) => text),
        [],
      );
      await ends(won[0]!.body.runId);
      const { body } = await api.ask('GET', pathOf(tenant.tenantId));
      assert.equal(body['state'], from === 'active' ? 'suspended' : 'active');
    }
  });

  it('answers a repeated request with the same run', async () => {
    const tenant = await newTenant('Asked twice');
    const headers = { 'idempotency-key': `suspend-${tenant.tenantId}` };
    const ask = () =>
      api.ask<SuspensionStarted>('POST', `${pathOf(tenant.tenantId)}/suspension`, {
        headers,
        body: { confirm: tenant.slug, reason },
      });
    const [one, same] = [await ask(), await ask()];
    assert.equal(one.body.runId, same.body.runId);
    await ends(one.body.runId);
  });

  it('shows what was, with who asked and why', async () => {
    const tenant = await suspended('Looked back at');
    await ends((await resume(tenant.tenantId)).body.runId);
    const { body } = await api.ask<TenantSuspensions>('GET', `${pathOf(tenant.tenantId)}/suspension`);
    assert.equal(body.current, null);
    assert.partialDeepStrictEqual(body.past[0], { state: 'ended', reason, askedBy: 'owner@example.org' });
  });
}).timeout(90_000);
