import assert from 'node:assert/strict';
import pg from 'pg';
import { FleetSettings } from '#contracts/fleet/migrations.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { planFleet } from '#domain/fleet/planFleet.ts';
import { releaseQuarantined, retryQuarantined } from '#domain/fleet/quarantine.ts';
import { requestPause, resumeRun } from '#domain/runs/deciding/decideRun.ts';
import { openRun } from '#domain/runs/openRun.ts';
import { startRun } from '#temporal/startRun.ts';
import { v7 as newId } from 'uuid';
import { second, TestFleet, type TestTenant } from './testFleet.ts';

describe('a migration of the fleet', () => {
  let fleet: TestFleet;
  let tenants: TestTenant[];

  before(async () => {
    fleet = await TestFleet.start();
    await fleet.installation.startWorker();
    tenants = await fleet.provision(9);
  });
  after(() => fleet.stop());

  it('goes through canary and waves over several data stores, suspended tenants and those in grace as well', async () => {
    const { installation } = fleet;
    await installation.asAdmin(null, `update tenants set state = 'suspended' where id = $1`, [tenants[0]!.tenantId]);
    await installation.asAdmin(null, `update tenants set state = 'offboarding' where id = $1`, [tenants[1]!.tenantId]);
    await fleet.add(second['0002_due.sql']);
    const settings = { canary: { size: { tenants: 2 } }, waves: [{ size: { percent: 34 } }] };
    const plan = await planFleet(installation.em, FleetSettings.parse(settings));
    assert.partialDeepStrictEqual(plan.tenants, { total: 9, current: 0, behind: 9, quarantined: 0 });
    assert.deepEqual(
      plan.waves.map(({ tenants: size }) => size),
      [2, 4, 3],
    );
    assert.deepEqual(
      plan.migrations.map(({ name, tenants: size }) => [name, size]),
      [['0002_step', 9]],
    );

    const run = await fleet.ends('succeeded', await fleet.migrate(settings));
    assert.ok(new Set(tenants.map(({ store }) => store)).size > 1);
    assert.deepEqual(await fleet.versionsOf(tenants), Array(9).fill(2));
    assert.deepEqual(await fleet.waves(run.id), [
      ['Canary', 2, 2],
      ['Wave 1', 4, 4],
      ['All the others', 3, 3],
      ['Tenants that were held or came meanwhile', 0, 0],
    ]);
    assert.ok(run.steps.every(({ state }) => state === 'done'));
    assert.partialDeepStrictEqual(run.progress, { done: 9, total: 9, found: 0 });
    const events = await installation.asAdmin(
      null,
      `select 1 from events where type = 'tenant.migrated' and tenant_id is not null`,
    );
    assert.equal(events.length, 9);
    await installation.asAdmin(null, `update tenants set state = 'active' where state in ('suspended', 'offboarding')`);
    await fleet.refuses({}, 'fleet_current');
  });

  it('finds tenants born at the newest version', async () => {
    const [born] = await fleet.provision(1, 'Born later');
    assert.equal(await fleet.versionOf(born!), 2);
    tenants.push(born!);
    await fleet.refuses({}, 'fleet_current');
  });

  it('begins with the chosen tenants, and goes on when a person says so', async () => {
    await fleet.add('alter table tasks add column canary int');
    const chosen = tenants.slice(3, 5);
    const runId = await fleet.migrate({
      canary: { tenantIds: chosen.map(({ tenantId }) => tenantId), approval: true, soakSeconds: 1 },
    });
    const held = await fleet.installation.runIs('waiting', runId);
    assert.deepEqual(held.may.decide, ['continue']);
    assert.equal(held.held?.by, 'wave');
    assert.deepEqual(await fleet.versionsOf(chosen), [3, 3]);
    assert.deepEqual((await fleet.versionsOf(tenants)).filter((version) => version === 3).length, 2);

    const [made] = await fleet.provision(1, 'Made during the run');
    const [old] = await fleet.provision(1, 'Made by an older worker');
    await fleet.in(
      old!,
      `alter table ${old!.schema}.tasks drop column canary; delete from ${old!.schema}.schema_migrations where number = 3`,
    );
    await fleet.installation.asAdmin(null, 'update tenant_versions set version = 2 where tenant_id = $1', [
      old!.tenantId,
    ]);
    tenants.push(made!, old!);
    await fleet.installation.decide(runId, 'continue');
    await fleet.ends('succeeded', runId);
    assert.deepEqual(await fleet.versionsOf(tenants), Array(12).fill(3));
    assert.deepEqual((await fleet.rowsOf(runId)).filter(({ tenant_id: id }) => id === old!.tenantId)[0]?.wave, 2);
  });

  it('sets a poisoned tenant aside with its reason while the others go on, and retries it', async () => {
    const [poisoned] = tenants;
    await fleet.in(poisoned!, `alter table ${poisoned!.schema}.tasks add column poison int`);
    await fleet.add('alter table tasks add column poison int');
    const run = await fleet.ends('needs_attention', await fleet.migrate());
    assert.equal(run.reason, 'Tenants below version 4 are left: 1 in quarantine.');
    assert.deepEqual((await fleet.versionsOf(tenants)).toSorted(), [3, ...Array(11).fill(4)]);
    assert.match(
      await fleet.reasonIn(run.id),
      /0004_step failed: column "poison" of relation "tasks" already exists \(42701\)/,
    );
    const tasks = () =>
      fleet.installation.asAdmin<{ state: string }>(null, `select state from tasks where run_id = $1`, [run.id]);
    assert.deepEqual(await tasks(), [{ state: 'open' }]);
    await fleet.refuses({}, 'fleet_current', /1 in quarantine/);

    const retry = async () => {
      const runId = await fleet.installation.em.transactional((em) =>
        retryQuarantined(em, [poisoned!.tenantId], theSystem),
      );
      await startRun(fleet.installation.platform, fleet.installation.temporal.client, runId);
      return runId;
    };
    await fleet.ends('needs_attention', await retry());
    await fleet.in(poisoned!, `alter table ${poisoned!.schema}.tasks drop column poison`);
    await fleet.ends('succeeded', await retry());
    assert.equal(await fleet.versionOf(poisoned!), 4);
    assert.deepEqual(await tasks(), [{ state: 'done' }]);
    await assert.rejects(retry(), { code: 'tenant_not_quarantined' });
  });

  it('tells nothing of what is in the tables when it does not fit, and lets a tenant out', async () => {
    const [poisoned] = tenants;
    await fleet.in(poisoned!, `insert into ${poisoned!.schema}.tasks values (gen_random_uuid(), 'ann@secret.test')`);
    await fleet.add('alter table tasks alter column title type int using title::int');
    const run = await fleet.ends('needs_attention', await fleet.migrate());
    assert.match(await fleet.reasonIn(run.id), /what is in the tables does not fit.*\(22P02\)/);
    const texts = await fleet.installation.asAdmin<{ data: object }>(null, 'select data from events');
    assert.ok(!JSON.stringify(texts).includes('ann@secret'));
    await fleet.in(poisoned!, `delete from ${poisoned!.schema}.tasks`);
    await fleet.installation.em.transactional((em) => releaseQuarantined(em, [poisoned!.tenantId], theSystem));
    await fleet.ends('succeeded', await fleet.migrate());
  });

  it('stops when more fail than it may leave behind, and goes on when told to', async () => {
    const bad = tenants.slice(0, 3);
    for (const { store, schema } of bad)
      await fleet.installation.asAdmin(store, `alter table ${schema}.tasks add column budget int`);
    await fleet.add('alter table tasks add column budget int');
    const runId = await fleet.migrate({
      canary: { tenantIds: bad.map(({ tenantId }) => tenantId) },
      errorBudget: { tenants: 1 },
      concurrency: 1,
    });
    const held = await fleet.installation.runIs('waiting', runId);
    assert.equal(held.held?.by, 'budget');
    assert.equal((await fleet.rowsOf(runId)).filter(({ state }) => state === 'quarantined').length, 2);
    assert.ok((await fleet.versionsOf(tenants)).every((version) => version < fleet.newest));
    await fleet.installation.decide(runId, 'continue');
    await fleet.ends('needs_attention', runId);
    assert.equal(
      (await fleet.versionsOf(tenants)).filter((version) => version === fleet.newest).length,
      tenants.length - 3,
    );
    for (const { store, schema } of bad)
      await fleet.installation.asAdmin(store, `alter table ${schema}.tasks drop column budget`);
    await fleet.installation.em.transactional((em) =>
      releaseQuarantined(
        em,
        bad.map(({ tenantId }) => tenantId),
        theSystem,
      ),
    );
    await fleet.ends('succeeded', await fleet.migrate());
  });

  it('pauses, goes on, and is cancelled where it is', async () => {
    await fleet.add('alter table tasks add column paused int');
    const { installation } = fleet;
    const runId = await fleet.migrate({ canary: { size: { tenants: 1 }, soakSeconds: 3_600 } });
    await installation.until('the canary to be done', 20_000, async () => (await fleet.waves(runId))[0]?.[2] === 1);
    await installation.em.transactional((em) => requestPause(em, runId, theSystem));
    const wake = () => installation.temporal.client.workflow.getHandle(`migrateFleet/platform/${runId}`).signal('wake');
    await wake();
    const paused = await installation.runIs('paused', runId);
    assert.deepEqual(paused.may.decide, ['continue']);
    await installation.em.transactional((em) => resumeRun(em, runId, theSystem));
    await wake();
    await installation.runIs('running', runId);
    await installation.cancelRun(runId);
    const cancelled = await fleet.ends('cancelled', runId);
    assert.deepEqual(
      cancelled.steps.map(({ state }) => state),
      ['skipped', 'skipped', 'skipped'],
    );
    assert.equal((await fleet.versionsOf(tenants)).filter((version) => version === fleet.newest).length, 1);
    await fleet.ends('succeeded', await fleet.migrate());
  });

  it('leaves a tenant that another run is changing for the end, and takes it up again', async () => {
    await fleet.add('alter table tasks add column held int');
    const [held] = tenants;
    const other = newId();
    await fleet.installation.em.transactional((em) =>
      openRun(
        em,
        { id: other, kind: 'repairResource', tenantId: held!.tenantId, exclusive: true, cancellable: false },
        theSystem,
      ),
    );
    const over = () =>
      fleet.installation.asAdmin(null, `update runs set state = 'succeeded', finished_at = now() where id = $1`, [
        other,
      ]);
    await fleet.installation.asAdmin(null, 'update runs set workflow_started_at = now() where id = $1', [other]);
    const runId = await fleet.migrate();
    await fleet.installation.until('the others to be done', 20_000, async () =>
      (await fleet.rowsOf(runId)).every(
        ({ state, tenant_id: id }) => state === (id === held!.tenantId ? 'deferred' : 'migrated'),
      ),
    );
    assert.equal(await fleet.versionOf(held!), fleet.newest - 1);
    await over();
    await fleet.ends('succeeded', runId);
    assert.equal(await fleet.versionOf(held!), fleet.newest);
  });

  it('gives up a lock that it does not get in time, at this tenant alone', async () => {
    await fleet.add('-- tenantry: lock_timeout 100ms\nalter table tasks add column locked int');
    const [locked] = tenants;
    const url = new URL(fleet.installation.adminUrl);
    url.pathname = `/${locked!.store}`;
    const blocker = new pg.Client({ connectionString: url.toString() });
    await blocker.connect();
    try {
      await blocker.query(`begin; lock table ${locked!.schema}.tasks in access share mode`);
      const run = await fleet.ends('needs_attention', await fleet.migrate({ attempts: 2 }));
      assert.match(await fleet.reasonIn(run.id), /did not get its locks in time \(55P03\)/);
    } finally {
      await blocker.end();
    }
    await fleet.installation.em.transactional((em) => releaseQuarantined(em, [locked!.tenantId], theSystem));
    await fleet.ends('succeeded', await fleet.migrate());
  });

  it('makes indexes without a transaction, and leaves none that is not valid', async () => {
    const [twice] = tenants;
    const invalid = () =>
      fleet.in(twice!, `select 1 from pg_index i join pg_class c on c.oid = i.indexrelid where not i.indisvalid`);
    await fleet.in(
      twice!,
      `insert into ${twice!.schema}.tasks (id, title) values (gen_random_uuid(), 7), (gen_random_uuid(), 7)`,
    );
    await fleet.add('-- tenantry: no-transaction\ncreate unique index concurrently tasks_title on tasks (title);');
    const run = await fleet.ends('needs_attention', await fleet.migrate());
    assert.match(await fleet.reasonIn(run.id), /could not create unique index "tasks_title" \(23505\)/);
    assert.deepEqual(await invalid(), []);

    // As a worker leaves it that was killed in the middle: promised, and an index that is not valid.
    await fleet
      .in(twice!, `create unique index concurrently tasks_title on ${twice!.schema}.tasks (title)`)
      .catch(() => undefined);
    assert.equal((await invalid()).length, 1);
    await fleet.in(twice!, `delete from ${twice!.schema}.tasks`);
    await fleet.installation.em.transactional((em) => releaseQuarantined(em, [twice!.tenantId], theSystem));
    await fleet.ends('succeeded', await fleet.migrate());
    assert.deepEqual(await invalid(), []);
    assert.deepEqual(await fleet.in(twice!, 'select 1 from tenantry.index_changes'), []);
    const [born] = await fleet.provision(1, 'With a plain index');
    assert.equal(await fleet.versionOf(born!), fleet.newest);
  });
});
