import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { DomainError } from '#contracts/errors.ts';
import { openBackup } from '#domain/backups/runs/openBackup.ts';
import { removeOldBackups } from '#activities/backups/removing.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { partKeyOf } from '#domain/backups/format/manifest.ts';
import type { Place } from '#domain/places/place.ts';
import { stepIntoActivities } from '#test/servers/activityFaults.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { assertInTime } from '#test/run/patience.ts';
import { BackupWorld, is } from './backupWorld.ts';

/** An activity hears at its next heartbeat that it is to end. */
const toldWithinMs = 1_500;
const passing: StepIn = async () => undefined;

describe('a backup of a tenant', () => {
  let installation: TestInstallation;
  let world: BackupWorld;
  let tenantId: string;
  let stepIn: StepIn = passing;
  /** What the place does instead of what it would. */
  let faults: Partial<Place> = {};

  before(async () => {
    installation = await TestInstallation.start();
    world = new BackupWorld(installation);
    await installation.startWorker(undefined, {
      adapt: (deps) => ({
        ...deps,
        backupPlace: {
          ...deps.backupPlace,
          put: (...given) => (faults.put ?? deps.backupPlace.put)(...given),
          delete: (...given) => (faults.delete ?? deps.backupPlace.delete)(...given),
        },
      }),
      adaptActivities: (activities, deps) =>
        stepIntoActivities(
          activities,
          deps,
          (...given) => stepIn(...given),
          (_at, _tenant, result) => result,
          () => undefined,
        ),
    });
    ({ tenantId } = await installation.provision({ name: 'Backed up' }));
  });
  afterEach(() => {
    stepIn = passing;
    faults = {};
  });
  after(() => installation.stop());

  const over = async (runId: string) => {
    const { state, reason } = await installation.runIsOver(runId);
    return { state, reason };
  };

  it('is made, read again, and counted', async () => {
    const made = await world.make(tenantId);
    assert.equal(made.state, 'kept');
    assert.equal(made.verified_as, 'good');
    assert.ok(Number(made.rows) > 0 && Number(made.stored_bytes) > 0);
    assert.ok(Date.now() - made.at!.getTime() < 60_000);
    assert.deepEqual(await world.filesOf(tenantId), [made.id]);
    const standing = await world.standing(tenantId);
    assert.equal(standing['last_id'], made.id);
    assert.equal(standing['failures'], 0);
    assert.deepEqual(await world.eventsOf(`backup:${made.id}`), ['backup.made']);
    const { steps } = await installation.run(made.run_id);
    assert.deepEqual(
      steps.map(({ title, state }) => [title, state]),
      [
        ['Copy the tenant', 'done'],
        ['Read the copy again', 'done'],
      ],
    );
  });

  it('is one point where the plan wants it: writes are held for the moment of the copy, and its length is told', async () => {
    const hold = (fence: boolean) =>
      installation.asAdmin(
        null,
        `insert into backup_policies (plan, rules) values ('standard', $1) on conflict (plan) do update set rules = excluded.rules`,
        [JSON.stringify({ ...usualBackupRules, fence })],
      );
    await hold(true);
    const { fence_ms: heldMs } = await world.make(tenantId);
    await hold(false);
    assertInTime(heldMs ?? Infinity, 5_000, 'the fence');
    assert.equal((await world.make(tenantId)).fence_ms, null);
  });

  it('is made of a suspended tenant too, and of none that is being let go', async () => {
    const suspended = await installation.provision({ name: 'Suspended' });
    await installation.asAdmin(null, `update tenants set state = 'suspended' where id = $1`, [suspended.tenantId]);
    assert.equal((await world.make(suspended.tenantId)).state, 'kept');
    await installation.asAdmin(null, `update tenants set state = 'offboarding' where id = $1`, [suspended.tenantId]);
    await assert.rejects(world.open(suspended.tenantId), is('tenant_not_active'));
    await assert.rejects(world.open('00000000-0000-4000-8000-000000000000'), is('not_found'));
  });

  it('is refused while another is made, beside whatever else changes the tenant', async () => {
    const open = () => installation.em.transactional((em) => openBackup(em, { tenantId, cause: 'asked' }, theSystem));
    const both = await Promise.allSettled([open(), open()]);
    const refused = both.filter((one) => one.status === 'rejected');
    assert.equal(refused.length, 1);
    assert.ok(is('run_in_progress')(refused[0]!.reason));
    const [opened] = both.flatMap((one) => (one.status === 'fulfilled' ? one.value.runId : []));
    assert.equal((await over(opened!)).state, 'succeeded', 'the reconciler starts what nobody else does');
  });

  it('leaves nothing when it cannot be read again, and tells why until one is made', async () => {
    const before = await world.filesOf(tenantId);
    stepIn = async ({ at, when }) => {
      if (at === 'backup.check' && when === 'before')
        throw new DomainError('backup_damaged', 'Part 1 is not what was written.');
    };
    const runId = await world.open(tenantId);
    assert.deepEqual(await over(runId), { state: 'rolled_back', reason: 'Part 1 is not what was written.' });
    const [row] = await world.rowsOfRun(runId);
    assert.equal(row?.state, 'discarded');
    assert.deepEqual(await world.filesOf(tenantId), before);
    const standing = await world.standing(tenantId);
    assert.deepEqual([standing['failures'], standing['failure_code']], [1, 'backup_damaged']);
    assert.deepEqual(await world.eventsOf(`backup:${row!.id}`), ['backup.failed']);
    stepIn = passing;
    await world.make(tenantId);
    assert.equal((await world.standing(tenantId))['failures'], 0);
  });

  it('goes on after an outage in the middle, with nothing left of the first attempt', async () => {
    let outages = 1;
    const { put } = world.place;
    faults.put = async (...given) => {
      if (given[0].includes('/parts/') && outages-- > 0) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
      return put(...given);
    };
    const runId = await world.open(tenantId);
    assert.equal((await over(runId)).state, 'succeeded');
    const [first, second] = await world.rowsOfRun(runId);
    assert.deepEqual([first?.state, second?.state], ['discarded', 'kept']);
    assert.ok(!(await world.filesOf(tenantId)).includes(first!.id));
  });

  it('is written once when the answer of the attempt that wrote it was lost', async () => {
    let lost = 1;
    stepIn = async ({ at, when }) => {
      if (at === 'backup.write' && when === 'after' && lost-- > 0)
        throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    };
    const runId = await world.open(tenantId);
    assert.equal((await over(runId)).state, 'succeeded');
    assert.equal((await world.rowsOfRun(runId)).length, 1);
  });

  it('is refused by a full place with its reason, and rolled back', async () => {
    faults.put = async () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
    const runId = await world.open(tenantId);
    assert.deepEqual(await over(runId), { state: 'rolled_back', reason: 'The place for backups is full.' });
  });

  it('is taken back when it is cancelled, which is no failure', async () => {
    const { failures } = await world.standing(tenantId);
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let letGo = () => undefined as void;
    const released = new Promise<void>((resolve) => (letGo = resolve));
    stepIn = async ({ at, when }) => {
      if (at !== 'backup.write' || when !== 'after') return;
      reached();
      await released;
    };
    const before = await world.filesOf(tenantId);
    const runId = await world.open(tenantId);
    await there;
    await installation.cancelRun(runId);
    letGo();
    assert.equal((await over(runId)).state, 'cancelled');
    assert.deepEqual(await world.filesOf(tenantId), before);
    assert.equal((await world.standing(tenantId))['failures'], failures);
  });

  it('that can be neither made nor removed says so, and is removed by itself once it can be', async () => {
    stepIn = async ({ at, when }) => {
      if (at === 'backup.check' && when === 'before') throw new DomainError('backup_damaged', 'Part 1 is broken.');
    };
    faults.delete = async () => {
      throw Object.assign(new Error('away'), { code: 'NoSuchBucket' });
    };
    const runId = await world.open(tenantId);
    assert.equal((await over(runId)).state, 'needs_attention');
    const [left] = await world.rowsOfRun(runId);
    assert.equal(left?.remove_failure, 'backup_left');
    assert.ok((await world.filesOf(tenantId)).includes(left.id));
    const later = new Date(Date.now() + 600_000);
    const deps = { registry: installation.platform.registry, backupPlace: world.place };
    await removeOldBackups(deps, installation.em, later, 100);
    assert.equal((await over(runId)).state, 'rolled_back');
    assert.ok(!(await world.filesOf(tenantId)).includes(left.id));
    assert.equal((await world.rowsOfRun(runId))[0]?.state, 'removed');
  });

  it('is read again on demand; a broken one counts no more, and a person is asked for', async () => {
    const good = await world.make(tenantId);
    assert.equal((await over(await world.verify(tenantId, good.id))).state, 'succeeded');
    const broken = await world.make(tenantId);
    const path = join(installation.configuration.backups.place, partKeyOf({ tenantId, backupId: broken.id }, 1));
    const bytes = await readFile(path);
    bytes[bytes.length - 20]! ^= 1;
    await writeFile(path, bytes);
    const { state, reason } = await over(await world.verify(tenantId, broken.id));
    assert.equal(state, 'needs_attention');
    assert.match(reason ?? '', /Part 1/);
    const [row] = await world.rowsOfRun(broken.run_id);
    assert.deepEqual([row?.verified_as, row?.refusal_code], ['bad', 'backup_damaged']);
    assert.equal((await world.standing(tenantId))['last_id'], good.id);
    assert.deepEqual(await world.eventsOf(`backup:${broken.id}`), ['backup.made', 'backup.broken']);
    assert.equal((await world.tasks('backup_broken')).length, 1);
    bytes[bytes.length - 20]! ^= 1;
    await writeFile(path, bytes);
    assert.equal((await over(await world.verify(tenantId, broken.id))).state, 'succeeded');
    assert.equal((await world.standing(tenantId))['last_id'], broken.id);
    assert.equal((await world.tasks('backup_broken'))[0]?.state, 'done');
  });

  it('that cannot be reached is not called broken', async () => {
    const kept = await world.make(tenantId);
    stepIn = async ({ at, when }) => {
      if (at === 'backup.read' && when === 'before')
        throw new DomainError('backup_place_gone', 'The place is not there.');
    };
    assert.equal((await over(await world.verify(tenantId, kept.id))).state, 'needs_attention');
    assert.equal((await world.rowsOfRun(kept.run_id))[0]?.verified_as, 'good');
    assert.equal((await world.standing(tenantId))['last_id'], kept.id);
  });

  it('whose reading is cancelled is not judged', async () => {
    const kept = await world.make(tenantId);
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let letGo = () => undefined as void;
    const released = new Promise<void>((resolve) => (letGo = resolve));
    stepIn = async ({ at, when }) => {
      if (at !== 'backup.read' || when !== 'before') return;
      reached();
      await released;
    };
    const runId = await world.verify(tenantId, kept.id);
    await there;
    await installation.cancelRun(runId);
    await delay(toldWithinMs);
    letGo();
    assert.equal((await over(runId)).state, 'cancelled');
    assert.equal((await world.rowsOfRun(kept.run_id))[0]?.verified_as, 'good');
  });

  it('whose workflow was lost is discarded', async () => {
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let letGo = () => undefined as void;
    const released = new Promise<void>((resolve) => (letGo = resolve));
    stepIn = async ({ at, when }) => {
      if (at !== 'backup.write' || when !== 'after') return;
      reached();
      await released;
    };
    const runId = await world.open(tenantId);
    await there;
    const { temporal } = await installation.run(runId);
    await installation.temporal.client.workflow.getHandle(temporal.workflowId).terminate('by the test');
    assert.equal((await installation.runIsOver(runId, 90_000)).state, 'needs_attention');
    letGo();
    assert.equal((await world.rowsOfRun(runId))[0]?.state, 'discarded');
  }).timeout(120_000);
}).timeout(90_000);
