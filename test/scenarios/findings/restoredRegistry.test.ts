import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { listOrphans } from '#domain/orphans/listOrphans.ts';
import { openOrphanRemoval } from '#domain/orphans/removeOrphan.ts';
import { openSweep } from '#domain/orphans/sweep.ts';
import { findLock, unlockSweep } from '#domain/orphans/sweepLock.ts';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import { createLogger } from '#observability/logging.ts';
import { startRun } from '#temporal/startRun.ts';
import { spareForgottenEnd } from '#workers/reconciler/spareForgottenEnd.ts';
import { TestInstallation } from '../../servers/installation.ts';

describe('a registry that was restored to an earlier state', () => {
  let installation: TestInstallation;

  beforeEach(async () => {
    installation = await TestInstallation.start({
      TENANTRY_SWEEP_GRACE_SECONDS: '0',
      TENANTRY_STORE_MAX_TENANTS: '1',
    });
  });
  afterEach(() => installation.stop());

  const tables = async () =>
    (
      await installation.asAdmin<{ name: string }>(
        null,
        `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'schema_migrations'`,
      )
    ).map(({ name }) => name);

  /** Every row of the registry, kept aside as a backup would. */
  async function backUp() {
    const copies = (await tables()).map((name) => `create table earlier.${name} as table public.${name}`);
    await installation.asAdmin(null, ['create schema earlier', ...copies].join(';'));
  }
  async function restore() {
    const names = await tables();
    await installation.asAdmin(
      null,
      [
        'begin; set local session_replication_role = replica',
        ...names.map((name) => `delete from public.${name}`),
        ...names.map((name) => `insert into public.${name} overriding system value select * from earlier.${name}`),
        'commit',
      ].join(';'),
    );
  }
  const start = async (runId: string) => {
    await startRun(installation.platform, installation.temporal.client, runId);
    return installation.runIsOver(runId);
  };
  const sweep = async () => start(await installation.em.transactional((em) => openSweep(em, null, theSystem)));
  const approve = (id: string) => installation.em.transactional((em) => openOrphanRemoval(em, id, 0, theSystem));
  const orphans = () => listOrphans(installation.em, { limit: 200 });

  it('locks every removal and destroys nothing of the tenants it has forgotten, until a person has reconciled', async () => {
    const first = await installation.startWorker();
    await installation.provision({ name: 'Before the backup' });
    await backUp();
    // The first worker opens the next data store again, under its old name; the one after it nobody knows.
    await installation.provision({ name: 'After the backup' });
    const newer = await installation.provision({ name: 'And one more' });
    const [store] = await installation.asAdmin<{ name: string }>(
      null,
      `select s.database_name as name from resources r join data_stores s on s.id = r.store_id where r.tenant_id = $1`,
      [newer.tenantId],
    );
    await first.stop();
    await restore();
    await installation.startWorker();

    assert.equal((await sweep()).state, 'succeeded');
    const locked = await orphans();
    assert.match(locked.lock?.reason ?? '', /restored to an earlier state/);
    const ofNewer = locked.items.filter(({ tenantId, what }) => tenantId === newer.tenantId || what === 'Data store');
    assert.deepEqual(ofNewer.map(({ what, why }) => `${what}: ${why}`).sort(), [
      'Data store: unknown_store',
      'Login role: unknown_run',
      'Schema: unknown_run',
      'Storage bucket: unknown_run',
    ]);
    for (const { id } of locked.items)
      await assert.rejects(approve(id), (error: DomainError) => error.code === 'sweep_locked');
    const [task] = await installation.asAdmin<{ reason_code: string }>(
      null,
      `select reason_code from tasks where kind = 'orphans' and state = 'open'`,
    );
    assert.equal(task?.reason_code, 'sweep_locked');
    const stillThere = async () => {
      const schemas = await installation.asAdmin(store!.name, 'select 1 from pg_namespace where nspname = $1', [
        schemaNameOf(newer.tenantId),
      ]);
      const bucket = join(installation.configuration.storageDir, bucketNameOf(newer.tenantId));
      return schemas.length === 1 && (await stat(bucket)).isDirectory();
    };
    assert.ok(await stillThere());

    await installation.em.transactional((em) => unlockSweep(em, 'The newer tenant was a trial', theSystem));
    await sweep();
    const unlocked = await orphans();
    assert.equal(unlocked.lock, null, 'what a person has reconciled locks no more');
    assert.ok(await stillThere(), 'and is removed only when it is approved, one by one');
    const byWhat = (what: string) =>
      unlocked.items.find((item) => item.what === what && (item.tenantId === newer.tenantId || what === 'Data store'))!
        .id;
    assert.equal((await start(await approve(byWhat('Data store')))).state, 'needs_attention', 'it is not empty');
    for (const what of ['Schema', 'Login role', 'Storage bucket', 'Data store'])
      assert.equal((await start(await approve(byWhat(what)))).state, 'succeeded', what);
    assert.deepEqual(
      await installation.asAdmin(null, 'select 1 from pg_database where datname = $1', [store!.name]),
      [],
    );
    const events = await installation.asAdmin<{ type: string }>(
      null,
      `select type from events where type like 'sweep.%' order by id`,
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['sweep.locked', 'sweep.unlocked'],
    );
  });

  it('does not make anybody undo a tenant whose provisioning it remembers as under way', async () => {
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    const first = await installation.startWorker(async ({ at, when }) => {
      if (at !== 'storage.ensure' || when !== 'before') return;
      reached();
      await released;
    });
    const created = await installation.createTenant({ name: 'Under way at the backup' });
    await there;
    await backUp();
    goOn();
    assert.equal((await installation.runIsOver(created.runId)).state, 'succeeded');
    await first.stop();
    await restore();
    await installation.startWorker();
    const { lock } = await installation.until('the lock', 40_000, async () => {
      const page = await orphans();
      return page.lock && page;
    });
    assert.match(lock?.reason ?? '', /restored to an earlier state/);
    const bucket = join(installation.configuration.storageDir, bucketNameOf(created.tenantId));
    assert.ok((await stat(bucket)).isDirectory());
    assert.equal((await installation.run(created.runId)).state, 'running');
    const undone = await installation.asAdmin(null, `select 1 from runs where kind = 'finishRollback'`);
    assert.deepEqual(undone, []);
  });

  it('is not what a run shows that ended while it was being looked at', async () => {
    await installation.startWorker();
    const { runId, tenantId } = await installation.provision({ name: 'Looked at slowly' });
    const logger = createLogger('test', { level: 'silent' });
    const looked = { id: runId, tenant_id: tenantId };
    assert.equal(await spareForgottenEnd({ platform: installation.platform, logger }, looked, true), true);
    assert.equal(await findLock(installation.em), null);
    const tasks = await installation.asAdmin(null, `select 1 from tasks where state = 'open'`);
    assert.deepEqual(tasks, []);
  });

  it('is found out also when nothing is left of what it has forgotten but the fences', async () => {
    const first = await installation.startWorker();
    await backUp();
    const { tenantId, slug } = await installation.provision({ name: 'Came and went' });
    await installation.runIsOver((await installation.removeTenant(tenantId, slug)).runId);
    await first.stop();
    await restore();
    await installation.startWorker();
    await sweep();
    const { items, lock } = await orphans();
    assert.deepEqual(items, []);
    assert.match(lock?.reason ?? '', /0 things and the marks of 1 run /);
  });
});
