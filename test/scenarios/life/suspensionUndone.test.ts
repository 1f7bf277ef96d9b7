import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { resumeTenant, suspendTenant } from '#domain/suspension/suspendTenant.ts';
import { startRun } from '#temporal/startRun.ts';
import { ApiInstallation } from '../../api/apiInstallation.ts';
import { doorsOf, openSessions } from './tenantDoors.ts';

const open = { portal: 'open', session: 'open', issuer: 'open', keys: 'open', database: 'open' };
const closed = {
  portal: 'tenant_suspended',
  session: 'tenant_suspended',
  issuer: 'not_found',
  keys: 'not_found',
  database: '28000',
};

describe('a suspension, or a resumption, that cannot be completed', () => {
  let api: ApiInstallation;
  let failing: string[] = [];
  let halting: { at: string; until: Promise<void> } | null = null;

  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker(async ({ at, when }) => {
      if (when === 'before' && failing.includes(at)) throw new DomainError('check_failed', `${at} says no.`);
      if (when === 'after' && halting?.at === at) await halting.until;
    });
  });
  beforeEach(() => (failing = []));
  after(() => api?.stop());

  const start = async (runId: string) => {
    await startRun(api.installation.platform, api.installation.temporal.client, runId);
    return api.installation.runIsOver(runId);
  };
  async function openSuspension({ tenantId, slug }: { tenantId: string; slug: string }): Promise<string> {
    const { em, platform } = api.installation;
    const { runId } = await em.transactional((tx) =>
      suspendTenant(tx, platform.tenantKeys, tenantId, { confirm: slug, reason: 'A test.' }, theSystem),
    );
    return runId!;
  }
  const suspend = async (tenant: { tenantId: string; slug: string }) => start(await openSuspension(tenant));
  const resume = async (tenantId: string) =>
    start((await api.installation.em.transactional((tx) => resumeTenant(tx, tenantId, theSystem))).runId);
  const tenantRow = async (tenantId: string) => {
    const [row] = await api.installation.asAdmin<{ state: string; attention: boolean }>(
      null,
      'select state, attention from tenants where id = $1',
      [tenantId],
    );
    return row!;
  };
  const suspensionOf = async (tenantId: string) => {
    const [row] = await api.installation.asAdmin<{ state: string; why: string | null }>(
      null,
      'select state, why from suspensions where tenant_id = $1 order by asked_at desc limit 1',
      [tenantId],
    );
    return row!;
  };

  it('opens again what it had closed, and says why it came to nothing', async () => {
    const tenant = await api.installation.provision({ name: 'Undone' });
    failing = ['storage.suspend'];
    const run = await suspend(tenant);
    assert.equal(run.state, 'rolled_back');
    assert.deepEqual(await doorsOf(api, tenant), open);
    assert.deepEqual(await tenantRow(tenant.tenantId), { state: 'active', attention: false });
    assert.deepEqual(await suspensionOf(tenant.tenantId), { state: 'failed', why: 'storage.suspend says no.' });
    const tasks = await api.installation.asAdmin<{ title: string }>(
      null,
      `select title from tasks where tenant_id = $1 and state = 'open'`,
      [tenant.tenantId],
    );
    assert.deepEqual(
      tasks.map(({ title }) => title),
      ['A planned suspension came to nothing'],
      'nobody waits for what the system does, so a person is told',
    );
    failing = [];
    assert.equal((await suspend(tenant)).state, 'succeeded', 'it can be tried again');
  });

  it('stays suspended when a resumption fails, with everything closed again', async () => {
    const tenant = await api.installation.provision({ name: 'Stays closed' });
    await suspend(tenant);
    failing = ['storage.open'];
    assert.equal((await resume(tenant.tenantId)).state, 'rolled_back');
    assert.deepEqual(await doorsOf(api, tenant), closed);
    assert.equal((await suspensionOf(tenant.tenantId)).state, 'effective');
    failing = [];
    assert.equal((await resume(tenant.tenantId)).state, 'succeeded');
    assert.deepEqual(await doorsOf(api, tenant), open);
  });

  it('names exactly what is left when the way back is stuck, keeps the doors closed, and is finished from the ledger', async () => {
    const tenant = await api.installation.provision({ name: 'Stuck on its way back' });
    failing = ['storage.suspend', 'database.open'];
    const stuck = await suspend(tenant);
    assert.equal(stuck.state, 'needs_attention');
    assert.deepEqual(await tenantRow(tenant.tenantId), { state: 'suspended', attention: true });
    const [task] = await api.installation.asAdmin<{ left: { title: string }[]; reason: string }>(
      null,
      `select what_is_left as left, reason from tasks where tenant_id = $1 and state = 'open'`,
      [tenant.tenantId],
    );
    assert.equal(task!.left.length, 1);
    assert.match(task!.reason, /put back as it was/);
    assert.equal((await doorsOf(api, tenant))['database'], '28000');
    failing = [];
    const { runId } = await api.installation.em.transactional((tx) => openFinish(tx, stuck.id, theSystem));
    assert.equal((await start(runId)).state, 'succeeded');
    assert.equal((await api.installation.run(stuck.id)).state, 'rolled_back');
    assert.deepEqual(await doorsOf(api, tenant), open);
    assert.deepEqual(await tenantRow(tenant.tenantId), { state: 'active', attention: false });
  });

  it('is settled by resuming, too', async () => {
    const tenant = await api.installation.provision({ name: 'Stuck and resumed' });
    failing = ['storage.suspend', 'database.open'];
    const stuck = await suspend(tenant);
    failing = [];
    assert.equal((await resume(tenant.tenantId)).state, 'succeeded');
    assert.equal((await api.installation.run(stuck.id)).state, 'rolled_back');
    assert.deepEqual(await tenantRow(tenant.tenantId), { state: 'active', attention: false });
    assert.deepEqual(await doorsOf(api, tenant), open);
  });

  it('is undone when it is cancelled before it begins', async () => {
    const tenant = await api.installation.provision({ name: 'Cancelled' });
    const runId = await openSuspension(tenant);
    await api.installation.em.transactional((tx) => requestCancel(tx, runId, theSystem));
    assert.equal((await start(runId)).state, 'cancelled');
    assert.deepEqual(await doorsOf(api, tenant), open);
  });

  it('is undone from the ledger when its workflow is terminated by hand', async () => {
    const tenant = await api.installation.provision({ name: 'Terminated' });
    let letGo = () => undefined as void;
    halting = { at: 'database.suspend', until: new Promise((resolve) => (letGo = resolve)) };
    const runId = await openSuspension(tenant);
    const { platform, temporal } = api.installation;
    await startRun(platform, temporal.client, runId);
    await api.installation.until('the database to close', 20_000, async () => {
      const doors = await doorsOf(api, tenant);
      return doors['database'] === '28000';
    });
    const { temporal: execution } = await api.installation.run(runId);
    await temporal.client.workflow.getHandle(execution.workflowId).terminate('by the test');
    letGo();
    halting = null;
    await api.installation.until('the reconciler to undo it', 60_000, async () => {
      const { state } = await tenantRow(tenant.tenantId);
      return state === 'active';
    });
    assert.equal((await api.installation.runIsOver(runId)).state, 'rolled_back');
    assert.deepEqual(await doorsOf(api, tenant), open);
  });

  it('is not kept from closing by what the tenant holds locked', async () => {
    const tenant = await api.installation.provision({ name: 'Locked' });
    const sessions = await openSessions(api.installation, tenant.tenantId);
    await sessions.inTransaction.query('lock table schema_migrations in access share mode');
    assert.equal((await suspend(tenant)).state, 'succeeded');
    assert.deepEqual(await sessions.alive(), []);
    await sessions.end();
  });
}).timeout(120_000);
