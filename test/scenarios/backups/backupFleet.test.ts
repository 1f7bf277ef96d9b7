import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { openDueBackups, openFleetBackupNow } from '#domain/backups/fleet/openFleetBackup.ts';
import { changePolicy, pausePolicy, resumePolicy } from '#domain/backups/policies/changePolicy.ts';
import { pauseTenantBackups } from '#domain/backups/policies/pauseTenant.ts';
import { viewPolicy } from '#domain/backups/policies/viewPolicies.ts';
import { watchBackups } from '#domain/backups/watching/watch.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { startRun } from '#temporal/startRun.ts';
import { stepIntoActivities } from '#test/servers/activityFaults.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { BackupWorld, is } from './backupWorld.ts';

const passing: StepIn = async () => undefined;
const hours = (count: number) => count * 3_600_000;
const blueprint = [{ kind: 'resource', provider: 'database', title: 'Create the database' }];

describe('the backups of a plan', () => {
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

  /** A plan with so many tenants. */
  async function planOf(count: number): Promise<{ plan: string; tenantIds: string[] }> {
    const plan = `fleet-${++plans}`;
    await installation.addPlan(plan, blueprint);
    const made = await Promise.all(
      Array.from({ length: count }, (_, at) => installation.provision({ name: `Of ${plan} ${at}`, plan })),
    );
    return { plan, tenantIds: made.map(({ tenantId }) => tenantId) };
  }
  const openDue = async (now: Date) => (await openDueBackups(installation.em, now)).runIds;
  const start = (runId: string) => startRun(installation.platform, installation.temporal.client, runId);
  const runOf = async (plan: string) => {
    const found = await installation.asAdmin<{ run_id: string; cause: string; due_at: Date; state: string }>(
      null,
      `select f.run_id, f.cause, f.due_at, r.state from fleet_backups f join runs r on r.id = f.run_id
       where f.plan = $1 order by r.created_at desc`,
      [plan],
    );
    return found;
  };
  const tenantsOf = (runId: string) =>
    installation.asAdmin<{ tenant_id: string; state: string; reason_code: string | null; slot_at: Date }>(
      null,
      'select * from fleet_backup_tenants where run_id = $1 order by tenant_id',
      [runId],
    );
  const backUp = async (plan: string) => {
    const runId = await installation.em.transactional((em) => openFleetBackupNow(em, plan, new Date(), theSystem));
    await start(runId);
    return runId;
  };

  it('are made of every tenant by one run, few at once, and those that fail are told and excuse no other', async () => {
    const { plan, tenantIds } = await planOf(6);
    const [failing, paused] = tenantIds;
    let [now, most] = [0, 0];
    stepIn = async ({ at, when }, _attempt, tenantId) => {
      if (at !== 'backup.write') return;
      now += when === 'before' ? 1 : -1;
      most = Math.max(most, now);
      if (tenantId === failing && when === 'after') throw new DomainError('backup_failed', 'Planned by the test.');
    };
    await installation.em.transactional((em) => pauseTenantBackups(em, paused!, 'They move.', theSystem));
    const runId = await backUp(plan);
    const { state, reason, progress } = await installation.runIsOver(runId);
    assert.equal(state, 'needs_attention');
    assert.equal(reason, '1 of 5 tenants could not be backed up; each run says why.');
    assert.deepEqual([progress?.done, progress?.total], [5, 5]);
    assert.ok(most <= installation.configuration.backups.atOnce, `${most} at once`);
    const outcomes = await tenantsOf(runId);
    assert.deepEqual(
      outcomes.map(({ tenant_id: id, state: became }) => [id, became]),
      tenantIds
        .filter((id) => id !== paused)
        .toSorted()
        .map((id) => [id, id === failing ? 'failed' : 'done']),
    );
    for (const id of tenantIds.slice(2)) assert.equal((await world.rowsOf(id))[0]?.state, 'kept');
    assert.equal((await world.rowsOf(paused!)).length, 0);
    assert.ok((await world.eventsOf(`plan:${plan}`)).includes('plan.backed_up'));
    stepIn = passing;
    assert.equal((await installation.runIsOver(await backUp(plan))).state, 'succeeded');
  });

  it('take a backup that somebody asked for meanwhile as their own', async () => {
    const { plan, tenantIds } = await planOf(1);
    let letGo = () => undefined as void;
    const released = new Promise<void>((resolve) => (letGo = resolve));
    stepIn = async ({ at, when }) => {
      if (at === 'backup.write' && when === 'before') await released;
    };
    const asked = await world.open(tenantIds[0]!);
    const runId = await backUp(plan);
    await installation.until(
      'the other to be followed',
      20_000,
      async () => (await tenantsOf(runId))[0]?.state === 'running',
    );
    letGo();
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    assert.equal((await world.rowsOf(tenantIds[0]!)).length, 1);
    assert.equal((await installation.run(asked)).state, 'succeeded');
  });

  it('open with their window, each tenant at its own place in it, and once', async () => {
    const { plan, tenantIds } = await planOf(2);
    await openDue(new Date());
    const { nextAt } = await viewPolicy(installation.em, plan);
    const due = new Date(nextAt!);
    assert.deepEqual(await openDue(new Date(due.getTime() - 1)), []);
    const opened = await openDue(due);
    assert.deepEqual(await openDue(due), [], 'a second look opens nothing');
    const [run] = await runOf(plan);
    assert.ok(opened.includes(run!.run_id));
    assert.deepEqual([run?.cause, run?.due_at], ['schedule', due]);
    await start(run!.run_id);
    const slots = await installation.until('its tenants to have their slots', 20_000, async () => {
      const found = await tenantsOf(run!.run_id);
      return found.length === 2 ? found : null;
    });
    for (const { tenant_id: id, slot_at: slot, state } of slots) {
      assert.ok(tenantIds.includes(id) && state === 'pending');
      const offset = slot.getTime() - due.getTime();
      assert.ok(offset >= 0 && offset < usualBackupRules.windowMinutes * 60_000);
    }
    assert.notEqual(slots[0]!.slot_at.getTime(), slots[1]!.slot_at.getTime());
    await installation.cancelRun(run!.run_id);
    assert.equal((await installation.runIsOver(run!.run_id)).state, 'cancelled');
    assert.deepEqual(
      (await tenantsOf(run!.run_id)).map(({ state }) => state),
      ['passed', 'passed'],
    );
  });

  it('make up for the newest window that was missed, at once, and tell of it', async () => {
    const { plan } = await planOf(1);
    await installation.asAdmin(
      null,
      `insert into backup_policies (plan, rules, next_at) values ($1, $2, now() - interval '3 days')`,
      [plan, JSON.stringify(usualBackupRules)],
    );
    await openDue(new Date());
    const [run, ...more] = await runOf(plan);
    assert.equal(more.length, 0);
    assert.equal(run?.cause, 'catch_up');
    assert.ok(Date.now() - run.due_at.getTime() < hours(24));
    await start(run.run_id);
    const told = await installation.asAdmin<{ data: { missed: number } }>(
      null,
      `select data from events where stream = $1 and type = 'plan.backups_caught_up'`,
      [`plan:${plan}`],
    );
    assert.ok(told[0]!.data.missed >= 2, JSON.stringify(told));
    if (Date.now() - run.due_at.getTime() > usualBackupRules.windowMinutes * 60_000)
      assert.equal((await installation.runIsOver(run.run_id)).state, 'succeeded');
  });

  it('are passed over, and told so, while those of the window before are made', async () => {
    const { plan } = await planOf(1);
    await openDue(new Date());
    const first = new Date((await viewPolicy(installation.em, plan)).nextAt!);
    await openDue(first);
    await openDue(new Date(first.getTime() + hours(24)));
    assert.equal((await runOf(plan)).length, 1);
    assert.ok((await world.eventsOf(`plan:${plan}`)).includes('plan.backups_passed_over'));
    await assert.rejects(
      installation.em.transactional((em) => openFleetBackupNow(em, plan, new Date(), theSystem)),
      is('run_in_progress'),
    );
    assert.ok(new Date((await viewPolicy(installation.em, plan)).nextAt!) > first);
    await start((await runOf(plan))[0]!.run_id);
    await installation.cancelRun((await runOf(plan))[0]!.run_id);
  });

  it('do not open while they are paused or switched off', async () => {
    const { plan } = await planOf(0);
    await openDue(new Date());
    const due = new Date((await viewPolicy(installation.em, plan)).nextAt!);
    await installation.em.transactional((em) => pausePolicy(em, plan, 'Because.', theSystem));
    await openDue(due);
    assert.deepEqual(await runOf(plan), []);
    await installation.em.transactional(async (em) => {
      await resumePolicy(em, plan, theSystem);
      const { version } = await viewPolicy(em, plan);
      await changePolicy(
        em,
        plan,
        { rules: { ...usualBackupRules, enabled: false }, expectedVersion: version },
        theSystem,
      );
    });
    await openDue(due);
    assert.deepEqual(await runOf(plan), []);
  });

  it('are missed out loud: who is not protected as promised is told once, and a person is asked for until all are', async () => {
    const { plan, tenantIds } = await planOf(3);
    const [stale, never, failing] = tenantIds as [string, string, string];
    const mine = async () =>
      (await world.tasks('backups_missed')).filter(
        ({ title }) => title === `Tenants of ${plan} are not protected as promised`,
      );
    const alarmsOf = async () =>
      (await Promise.all([stale, never, failing].map((id) => world.standing(id)))).map(({ alarm }) => alarm);
    await watchBackups(installation.em, 500);
    assert.deepEqual(await alarmsOf(), [null, null, null], 'each has the time that its plan promises');
    await world.make(stale, new Date(Date.now() - hours(30)));
    await installation.asAdmin(
      null,
      `update tenant_backups set since = now() - interval '2 days' where tenant_id = $1`,
      [never],
    );
    stepIn = async ({ at, when }) => {
      if (at === 'backup.write' && when === 'before')
        throw new DomainError('backup_place_full', 'The place for backups is full.');
    };
    await installation.runIsOver(await world.open(failing));
    stepIn = passing;
    for (let times = 0; times < 2; times++) await watchBackups(installation.em, 500);
    assert.deepEqual(await alarmsOf(), ['stale', 'never', 'failing']);
    const [task, ...others] = await mine();
    assert.equal(others.length, 0);
    assert.equal(task?.reason, '1 could not be backed up, 1 have no backup as young as promised, 1 have none at all.');
    assert.equal(task.what_is_left.length, 3);
    assert.equal(
      (await world.eventsOf(`tenant:${stale}`)).filter((type) => type === 'tenant.backups_missed').length,
      1,
    );
    for (const id of [stale, never, failing]) await world.make(id);
    await watchBackups(installation.em, 500);
    assert.deepEqual(await alarmsOf(), [null, null, null]);
    assert.equal((await mine())[0]?.state, 'done');
    assert.ok((await world.eventsOf(`tenant:${failing}`)).includes('tenant.backups_recovered'));
  });
}).timeout(90_000);
