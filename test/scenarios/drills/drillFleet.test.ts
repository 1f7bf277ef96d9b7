import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { drainDrills } from '#domain/backups/drills/drainDrills.ts';
import { openDrill } from '#domain/backups/drills/openDrill.ts';
import { openFleetDrill } from '#domain/backups/drills/openFleetDrill.ts';
import { viewDrillFleet } from '#domain/backups/reports/viewDrillFleet.ts';
import { requestPause } from '#domain/runs/deciding/decideRun.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { startRun } from '#temporal/startRun.ts';
import { stepIntoActivities } from '#test/servers/activityFaults.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { BackupWorld, is } from '../backups/backupWorld.ts';
import { keepBackup } from '../backups/keepBackup.ts';

const passing: StepIn = async () => undefined;
const dayMs = 86_400_000;
const everything = { everything: true, plans: new Set<string>(), tenants: new Set<string>(), within: null };
const blueprint = [{ kind: 'resource', provider: 'database', title: 'Create the database' }];

describe('a drill of many tenants', () => {
  let installation: TestInstallation;
  let world: BackupWorld;
  let stepIn: StepIn = passing;
  let plans = 0;

  before(async () => {
    installation = await TestInstallation.start();
    world = new BackupWorld(installation);
    await installation.startWorker(undefined, {
      adaptActivities: (activities, deps) =>
        stepIntoActivities(
          activities,
          deps,
          (...given) => stepIn(...given),
          (_at, _tenant, result) => result,
          () => undefined,
        ),
    });
  });
  afterEach(() => (stepIn = passing));
  after(() => installation.stop());

  /** A plan with so many tenants, each with a backup. */
  async function planOf(count: number): Promise<{ plan: string; tenantIds: string[] }> {
    const plan = `drilled-${++plans}`;
    await installation.addPlan(plan, blueprint);
    const made = await Promise.all(
      Array.from({ length: count }, (_, at) => installation.provision({ name: `Of ${plan} ${at}`, plan })),
    );
    for (const { tenantId } of made) await keepBackup(installation, tenantId);
    return { plan, tenantIds: made.map(({ tenantId }) => tenantId) };
  }
  const start = (runId: string) => startRun(installation.platform, installation.temporal.client, runId);
  const open = (plan: string | null) => installation.em.transactional((em) => openFleetDrill(em, plan, theSystem));
  async function prove(plan: string | null): Promise<string> {
    const runId = await open(plan);
    await start(runId);
    return runId;
  }
  const outcomes = async (runId: string) =>
    Object.fromEntries(
      (
        await installation.asAdmin<{ tenant_id: string; state: string }>(
          null,
          'select tenant_id, state from fleet_drill_tenants where run_id = $1',
          [runId],
        )
      ).map(({ tenant_id: id, state }) => [id, state]),
    );

  it('proves every tenant that has a backup, few at once; one that does not hold excuses no other and is told', async () => {
    const { plan, tenantIds } = await planOf(4);
    const [failing] = tenantIds;
    await installation.provision({ name: 'Has no backup', plan });
    let [now, most] = [0, 0];
    stepIn = async ({ at, when }, _attempt, tenantId) => {
      if (at !== 'drill.ensure') return;
      now += when === 'before' ? 1 : -1;
      most = Math.max(most, now);
      if (tenantId === failing && when === 'after') throw new DomainError('drill_failed', 'Planned by the test.');
    };
    const runId = await prove(plan);
    const { state, reason, progress } = await installation.runIsOver(runId);
    assert.equal(state, 'needs_attention');
    assert.equal(reason, 'The backups of 1 of 4 tenants were not proven; each drill says why.');
    assert.deepEqual([progress?.done, progress?.total], [4, 4]);
    assert.ok(most >= 1 && most <= installation.configuration.backups.drillsAtOnce, `${most} at once`);
    assert.deepEqual(
      await outcomes(runId),
      Object.fromEntries(tenantIds.map((id) => [id, id === failing ? 'failed' : 'done'])),
    );
    assert.ok((await world.eventsOf(`plan:${plan}`)).includes('fleet.proven'));
    const { plans: shown } = await viewDrillFleet(installation.em, everything);
    const told = shown.find((one) => one.plan === plan)!;
    assert.deepEqual([told.counts.proven, told.counts.failing, told.counts.waiting], [3, 1, 1]);
    assert.deepEqual(told.latest?.tenants, { pending: 0, running: 0, done: 3, failed: 1, passed: 0 });
    stepIn = passing;
    assert.equal((await installation.runIsOver(await prove(plan))).state, 'succeeded');
  });

  it('takes a drill that somebody else asked for as its own, and is refused beside itself and of no plan', async () => {
    const { plan, tenantIds } = await planOf(1);
    const { runId: asked } = await installation.em.transactional((em) => openDrill(em, tenantIds[0]!, {}, theSystem));
    const runId = await prove(plan);
    await assert.rejects(open(plan), is('run_in_progress'));
    await assert.rejects(open('no-such-plan'), is('not_found'));
    await installation.until(
      'the other to be followed',
      20_000,
      async () => (await outcomes(runId))[tenantIds[0]!] === 'running',
    );
    await start(asked);
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    const [drills] = await installation.asAdmin<{ count: string }>(
      null,
      'select count(*) from backup_drills where tenant_id = $1',
      [tenantIds[0]],
    );
    assert.equal(drills?.count, '1');
  });

  it('is paused, goes on, and is cancelled; what is under way comes to its end', async () => {
    const { plan, tenantIds } = await planOf(1);
    const { em } = installation;
    const runId = await open(plan);
    await em.transactional((tx) => requestPause(tx, runId, theSystem));
    await start(runId);
    await installation.until('it to be paused', 20_000, async () => (await installation.run(runId)).state === 'paused');
    assert.deepEqual(Object.values(await outcomes(runId)), ['pending']);
    await installation.decide(runId, 'continue');
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');

    let letGo = () => undefined as void;
    const released = new Promise<void>((resolve) => (letGo = resolve));
    stepIn = async ({ at, when }) => {
      if (at === 'drill.ensure' && when === 'before') await released;
    };
    const second = await prove(plan);
    await installation.until('it to begin', 20_000, async () => (await outcomes(second))[tenantIds[0]!] === 'running');
    await installation.cancelRun(second);
    assert.equal((await installation.runIsOver(second)).state, 'cancelled');
    letGo();
    await installation.until('the drill to end', 20_000, async () => {
      const [drill] = await installation.asAdmin<{ state: string }>(
        null,
        'select state from backup_drills where tenant_id = $1 order by started_at desc limit 1',
        [tenantIds[0]],
      );
      return drill?.state === 'proven';
    });
  });

  it('does not come by the clock: first drills come each at its place in the first week, and never more than there are places', async () => {
    const { tenantIds } = await planOf(3);
    const began = Date.now();
    await installation.asAdmin(null, `update tenant_backups set last_id = null`);
    await installation.asAdmin(
      null,
      `insert into tenant_backups (tenant_id, last_id, last_at, since)
       select tenant_id, id, at, $2 from backups where tenant_id = any($1) and state = 'kept'
       on conflict (tenant_id) do update set last_id = excluded.last_id, since = excluded.since`,
      [tenantIds, new Date(began)],
    );
    const openedBy = async (days: number, places: number) => {
      const runIds = await drainDrills(installation.em, new Date(began + days * dayMs), places);
      for (const runId of runIds) await start(runId);
      for (const runId of runIds) assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
      return runIds.length;
    };
    assert.equal(await openedBy(0, 50), 0, 'not all on the first day');
    assert.equal(await openedBy(7.01, 2), 2, 'no more than there are places');
    assert.equal(await openedBy(7.01, 50), 1);
    assert.equal(await openedBy(7.02, 50), 0);
  });
}).timeout(90_000);
