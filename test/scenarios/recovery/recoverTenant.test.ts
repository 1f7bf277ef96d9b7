import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shipServerLog } from '#activities/recovery/serverBackups.ts';
import { DomainError } from '#contracts/errors.ts';
import { openReverse } from '#domain/runs/reverse.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openRecovery, type WantedRecovery } from '#domain/physical/recoveries/openRecovery.ts';
import { planRecovery } from '#domain/physical/recoveries/planRecovery.ts';
import { listTenantRecoveries, readRecoveryState } from '#domain/physical/recoveries/viewRecoveries.ts';
import { reachOf } from '#domain/physical/reach.ts';
import { registry as metrics } from '#observability/metrics.ts';
import { startRun } from '#temporal/startRun.ts';
import { never } from '#test/physical/physicalGround.ts';
import { ProtectedServer, protectedGround } from '#test/physical/protectedInstallation.ts';
import { stepIntoActivities } from '#test/servers/activityFaults.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { addMember } from '#test/scenarios/handover/ownership.ts';

type Wanted = WantedRecovery extends infer One ? (One extends unknown ? Omit<One, 'tenantId'> : never) : never;

describe('one tenant out of the whole server as it was at a moment', function () {
  this.timeout(300_000);
  let server: ProtectedServer;
  let installation: TestInstallation;
  let tenantId: string;
  let slug: string;
  let madeAt: Date;
  let stepIn: StepIn = async () => undefined;
  before(async () => {
    const { ground, env, servers } = await protectedGround();
    installation = await TestInstallation.start({ ...env, TENANTRY_ACT_ATTEMPTS: '2' }, servers);
    server = new ProtectedServer(installation, ground);
    await installation.startWorker(undefined, {
      adaptActivities: (activities, deps) => stepIntoActivities(activities, deps, (...given) => stepIn(...given)),
    });
    ({ tenantId, slug } = await installation.provision({ name: 'Brought back', slug: 'brought-back' }));
    madeAt = await server.now();
  });
  afterEach(() => void (stepIn = async () => undefined));
  after(async () => {
    await installation?.stop();
    await server?.ground.stop();
  });

  const open = async (wanted: Wanted): Promise<string> => {
    const { tenantKeys: keys, configuration } = installation.platform;
    await keys.find(tenantId);
    const { runId } = await installation.em.transactional((em) =>
      openRecovery(em, { keys, configuration }, { tenantId, ...wanted } as WantedRecovery, theSystem),
    );
    await startRun(installation.platform, installation.temporal.client, runId);
    return runId;
  };
  const over = (runId: string) => installation.runIsOver(runId, 120_000);
  const refused = (work: Promise<unknown>, code: string, says = /./) =>
    assert.rejects(work, (error: DomainError) => {
      assert.equal(error.code, code, String(error));
      assert.match(error.message, says);
      return true;
    });
  const recovery = async (runId: string) => {
    const { items } = await listTenantRecoveries(installation.em, installation.configuration, tenantId);
    return items.find((one) => one.runId === runId)!;
  };
  const backupsOf = (runId: string) =>
    installation.asAdmin<{ id: string; at: Date; cause: string; state: string; sources: { source: string }[] }>(
      null,
      `select id, at, cause, state, sources from backups where run_id = $1 and state <> 'discarded' and state <> 'removed'`,
      [runId],
    );
  const counted = async (mode: string, outcome: string): Promise<number> => {
    const line = (await metrics.metrics())
      .split('\n')
      .find((one) => one.startsWith(`tenantry_recoveries_total{mode="${mode}",outcome="${outcome}"}`));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  const problems = async (at: Date) =>
    (
      await planRecovery(installation.em, installation.configuration, tenantId, {
        at: at.toISOString(),
        mode: 'copy',
      })
    ).problems.map(({ code }) => code);

  it('cannot be had before there is a base backup, of before the first one, of before the tenant, or of what has not come', async () => {
    await refused(open({ mode: 'copy', at: madeAt }), 'physical_too_early', /no base backup/);
    await server.backUp();
    await refused(open({ mode: 'copy', at: madeAt }), 'physical_too_early', /the earliest moment/);
    await refused(open({ mode: 'copy', at: new Date(Date.now() + 60_000) }), 'physical_too_late', /not come yet/);
    assert.deepEqual(await problems(madeAt), ['physical_too_early']);
    assert.deepEqual(await problems(new Date(Date.now() + 60_000)), ['physical_too_late']);
    const later = await installation.provision({ name: 'Made later' });
    const reach = await reachOf(installation.em, installation.configuration);
    const { tenantKeys: keys, configuration } = installation.platform;
    const at = new Date(Date.parse(reach.from!) + 1);
    const wanted = { tenantId: later.tenantId, at, mode: 'copy' } as const;
    await refused(
      installation.em.transactional((em) => openRecovery(em, { keys, configuration }, wanted, theSystem)),
      'physical_too_early',
      /was not there yet/,
    );
    const off = { ...configuration, physical: { ...configuration.physical, kind: 'off' } } as typeof configuration;
    await refused(
      installation.em.transactional((em) => openRecovery(em, { keys, configuration: off }, wanted, theSystem)),
      'physical_off',
    );
  });

  it('becomes a backup of that moment, proven on the way, and leaves the present and no server behind', async () => {
    const before = await counted('copy', 'succeeded');
    const ana = await addMember(installation, { tenantId, slug }, 'ana@brought.example', 'member');
    await server.note(tenantId, 'kept');
    const at = await server.now();
    await server.inTenant(tenantId, `delete from $.projects where title = 'note kept'`);
    await server.note(tenantId, 'later');
    assert.deepEqual(await problems(at), []);
    const runId = await open({ mode: 'copy', at });
    await refused(open({ mode: 'copy', at }), 'run_in_progress');
    assert.deepEqual(await problems(at), ['run_in_progress']);
    assert.partialDeepStrictEqual(await over(runId), { state: 'succeeded', reason: null });
    assert.deepEqual(await server.notes(tenantId), ['later']);
    assert.deepEqual(await server.scratch(), []);
    const [backup, ...more] = await backupsOf(runId);
    assert.deepEqual(more, []);
    assert.partialDeepStrictEqual(backup, { at, cause: 'point_in_time', state: 'kept' });
    assert.deepEqual(backup!.sources.map(({ source }) => source).toSorted(), ['database', 'realm']);
    const seen = await recovery(runId);
    assert.partialDeepStrictEqual(seen, { mode: 'copy', state: 'succeeded', backupId: backup!.id, restore: null });
    assert.equal(seen.at, at.toISOString());
    assert.ok(seen.proof!.indexes > 300 && seen.bytes! > 1e7 && seen.broughtBack === seen.bytes, JSON.stringify(seen));
    assert.ok(Date.parse(seen.reachedAt!) <= at.getTime());
    assert.equal(await counted('copy', 'succeeded'), before + 1);
    // It lacks objects: what is promised by the clock does not rest on it.
    const [last] = await installation.asAdmin<{ last_id: string | null }>(
      null,
      'select last_id from tenant_backups where tenant_id = $1',
      [tenantId],
    );
    assert.equal(last?.last_id ?? null, null);
    assert.ok(ana);
  });

  it('comes back in place, behind closed doors, with a way back', async () => {
    await server.note(tenantId, 'wanted');
    const at = await server.now();
    await server.inTenant(tenantId, `delete from $.projects`);
    await server.note(tenantId, 'mistake');
    await refused(open({ mode: 'in_place', at, confirm: 'another' }), 'confirmation_mismatch');
    const runId = await open({ mode: 'in_place', at, confirm: slug });
    assert.equal((await over(runId)).state, 'succeeded');
    const { restore } = await recovery(runId);
    assert.equal(restore?.tenantId, tenantId);
    const restored = await over(restore.runId);
    assert.partialDeepStrictEqual(restored, { kind: 'restoreTenant', state: 'succeeded', parentRunId: runId });
    assert.deepEqual(await server.notes(tenantId), ['later', 'wanted']);
    const back = await installation.em.transactional((em) =>
      openReverse(em, installation.platform, restore.runId, () => undefined, theSystem),
    );
    await startRun(installation.platform, installation.temporal.client, back.runId);
    assert.equal((await over(back.runId)).state, 'succeeded');
    assert.deepEqual(await server.notes(tenantId), ['mistake']);
  });

  it('comes back beside as a tenant of its own, with its people, and the other stays as it is', async () => {
    await server.note(tenantId, 'of then');
    const at = await server.now();
    await server.inTenant(tenantId, `delete from $.projects`);
    const runId = await open({ mode: 'beside', at, wish: { name: 'As it was', slug: 'as-it-was' } });
    assert.equal((await over(runId)).state, 'succeeded');
    const { restore } = await recovery(runId);
    assert.notEqual(restore!.tenantId, tenantId);
    assert.partialDeepStrictEqual(await over(restore!.runId), { kind: 'provisionTenant', state: 'succeeded' });
    assert.deepEqual(await server.notes(restore!.tenantId), ['mistake', 'of then']);
    assert.deepEqual(await server.notes(tenantId), []);
    const people = await installation.asAdmin(null, 'select 1 from users where tenant_id = $1', [restore!.tenantId]);
    assert.equal(people.length, 1);
    const wishes = await installation.asAdmin(null, 'select 1 from recoveries where sealed_wish is not null');
    assert.deepEqual(wishes, []);
  });

  it('whose restore is refused by then is kept as a copy, and asks for a person', async () => {
    const at = await server.now();
    await refused(open({ mode: 'beside', at, wish: { name: 'Taken', slug } }), 'slug_taken');
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    stepIn = async ({ at: where, when }) => {
      if (where !== 'backup.check' || when !== 'after') return;
      reached.resolve();
      await released.promise;
    };
    const runId = await open({ mode: 'beside', at, wish: { name: 'Contended', slug: 'contended' } });
    await reached.promise;
    await installation.createTenant({ name: 'Quicker', slug: 'contended' });
    released.resolve();
    assert.equal((await over(runId)).state, 'succeeded');
    const { restore, backupId } = await recovery(runId);
    assert.equal(restore, null);
    const tasks = await installation.asAdmin<{ subject: string; reason_code: string }>(
      null,
      `select about as subject, reason_code from tasks where kind = 'restore_not_begun' and state = 'open'`,
    );
    assert.deepEqual(tasks, [{ subject: backupId, reason_code: 'slug_taken' }]);
    assert.equal((await backupsOf(runId))[0]?.state, 'kept');
  });

  it('stops at a damaged log with its code, and leaves nothing', async () => {
    const before = await counted('copy', 'failed');
    const at = await server.now();
    await server.physical.flush(never);
    const segments = await server.segments();
    const bytes = await Promise.all(segments.map((path) => readFile(path)));
    await Promise.all(segments.map((path, n) => writeFile(path, bytes[n]!.subarray(0, 500))));
    const runId = await open({ mode: 'copy', at });
    const { state, reason } = await over(runId);
    await Promise.all(segments.map((path, n) => writeFile(path, bytes[n]!)));
    assert.equal(state, 'rolled_back');
    assert.match(reason ?? '', /archived log is not what the server wrote/);
    assert.equal((await recovery(runId)).reason?.code, 'physical_wal_damaged');
    assert.deepEqual([await server.scratch(), await backupsOf(runId)], [[], []]);
    assert.equal(await counted('copy', 'failed'), before + 1);
    // A moment that could not be fetched says nothing of how the tenant is protected.
    const failing = await installation.asAdmin(null, 'select 1 from tenant_backups where failures > 0');
    assert.deepEqual(failing, []);
  });

  it('is taken back when it is cancelled', async () => {
    const [there, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    stepIn = async ({ at, when }) => {
      if (at !== 'recovery.prove' || when !== 'before') return;
      there.resolve();
      await released.promise;
    };
    const runId = await open({ mode: 'copy', at: await server.now() });
    await there.promise;
    assert.equal((await server.scratch()).length, 1);
    await installation.cancelRun(runId);
    released.resolve();
    assert.equal((await over(runId)).state, 'cancelled');
    assert.deepEqual([await server.scratch(), await backupsOf(runId)], [[], []]);
  });

  it('whose server is gone half-way is brought back again', async () => {
    let lost = 0;
    stepIn = async ({ at, when }) => {
      if (at !== 'recovery.copy' || when !== 'before' || lost++ > 0) return;
      for (const id of await server.scratch()) await server.physical.tearDown(id);
    };
    const runId = await open({ mode: 'copy', at: await server.now() });
    assert.equal((await over(runId)).state, 'succeeded');
    assert.equal(lost, 1);
    assert.deepEqual(await server.scratch(), []);
  });

  it('what cannot be removed is told, and goes by itself', async () => {
    stepIn = async ({ at, when }) => {
      if ((at === 'recovery.prove' || at === 'recovery.remove') && when === 'before')
        throw new DomainError('physical_server_refused', 'It does not want to.');
    };
    const runId = await open({ mode: 'copy', at: await server.now() });
    const { state, reason } = await over(runId);
    assert.equal(state, 'needs_attention');
    assert.match(reason ?? '', /tried again by itself/);
    assert.equal((await server.scratch()).length, 1);
    stepIn = async () => undefined;
    await shipServerLog({ ...installation.platform, physical: server.physical }, never);
    assert.deepEqual(await server.scratch(), []);
    assert.equal((await installation.run(runId)).state, 'rolled_back');
  });

  it('names a gap of the archive, and what lies behind it again after the next base backup', async () => {
    const before = await server.now();
    await server.physical.flush(never);
    await server.note(tenantId, 'in the gap');
    await server.physical.flush(never);
    const within = await server.now();
    await server.note(tenantId, 'behind the gap');
    await server.physical.flush(never);
    const gone = (await server.segments()).at(-2)!;
    await rename(gone, join(server.ground.folder, 'aside'));
    // The registry does not know of it yet: the run meets it at its first step.
    const met = await over(await open({ mode: 'copy', at: within }));
    assert.equal(met.state, 'rolled_back');
    assert.match(met.reason ?? '', /gap/);
    assert.deepEqual(await server.scratch(), []);
    await server.look();
    await refused(open({ mode: 'copy', at: within }), 'physical_in_gap', /is missing/);
    assert.deepEqual(await problems(within), ['physical_in_gap']);
    assert.deepEqual(await problems(before), []);
    await server.backUp();
    const { reach, bases } = await readRecoveryState(installation.em, installation.configuration);
    assert.deepEqual([bases.length, reach.windows.length], [2, 2]);
    assert.notEqual(reach.windows[0]!.gap, null);
    assert.equal(reach.windows[1]!.gap, null);
    const behind = await open({ mode: 'copy', at: await server.now() });
    assert.equal((await over(behind)).state, 'succeeded');
    await rename(join(server.ground.folder, 'aside'), gone);
  });
});
