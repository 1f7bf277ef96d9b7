import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import type { TaskState } from '#contracts/tasks.ts';
import { everywhere } from '#domain/access/grants.ts';
import { viewCluster, type ClusterIdentity } from '#domain/cluster/clusterChange.ts';
import { confirmCluster } from '#domain/cluster/confirmCluster.ts';
import type { Configuration } from '#domain/configuration.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import { listTasks } from '#domain/tasks/listTasks.ts';
import { registerTenant, type RegisteredTenant } from '#domain/tenants/registerTenant.ts';
import { freePorts } from '#local/ports.ts';
import { startTemporal, type RunningTemporal } from '#local/temporal.ts';
import { createLogger } from '#observability/logging.ts';
import { startWorker, type RunningWorker } from '#workers/worker.ts';
import { assertInTime } from '#test/run/patience.ts';
import { TestInstallation } from '../servers/installation.ts';
import { remainsOf } from '../servers/remains.ts';
import type { RemoteWorker } from '../servers/remoteWorker.ts';

const seenWithinMs = 60_000;

describe('a Temporal cluster that is not the one in which open runs were started', () => {
  let installation: TestInstallation;
  let folder: string;
  let other: RunningTemporal;
  let atOther: Configuration;

  before(async function () {
    this.timeout(120_000);
    installation = await TestInstallation.start();
    folder = await mkdtemp(join(tmpdir(), 'tenantry-other-'));
    other = await startTemporal({
      dataDir: folder,
      choosePorts: async () => {
        const [grpc = 0, ui = 0] = await freePorts(2);
        return { grpc, ui };
      },
    });
    const { configuration } = installation;
    atOther = { ...configuration, temporal: { ...configuration.temporal, address: other.address } };
  });
  after(async function () {
    this.timeout(60_000);
    await other.stop();
    await installation.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const workThere = (configuration: Configuration): Promise<RunningWorker> =>
    startWorker(configuration, { logger: createLogger('test', { level: configuration.logLevel }) });
  const isSeen = (state: 'same' | 'other') =>
    installation.until(`the cluster to be ${state}`, seenWithinMs, async () => {
      const cluster = await viewCluster(installation.em);
      return cluster.state === state ? cluster : null;
    });
  const seenNow = async (): Promise<ClusterIdentity> => {
    const cluster = await isSeen('other');
    assert.ok(cluster.state === 'other');
    return cluster.seen;
  };
  const questions = async (state: TaskState) =>
    (await listTasks(installation.em, { kind: 'cluster_lost', state, limit: 50 }, everywhere)).items;

  interface Halted extends RegisteredTenant {
    name: string;
  }
  async function haltIn(worker: RemoteWorker, name: string, at: string, fails?: string): Promise<Halted> {
    await worker.failAt(fails ? { at: fails, when: 'before' } : null);
    const { halted } = await worker.haltAt(at, fails ? 'before' : 'after');
    const created = await installation.createTenant({ name });
    await halted;
    await worker.failAt(null);
    return { ...created, name };
  }
  const statesOf = async (runIds: string[]) =>
    Promise.all(runIds.map(async (id) => (await installation.run(id)).state));
  const register = (name: string): Promise<RegisteredTenant> =>
    installation.em.transactional((em) => registerTenant(em, installation.platform.tenantKeys, { name }, theSystem));
  const madeFor = async (tenantIds: string[]) => Promise.all(tenantIds.map((id) => remainsOf(installation, id)));

  it('is forgotten again, and the runs go on, when the known one is back before anybody decided', async function () {
    this.timeout(3 * seenWithinMs);
    const worker = await installation.startWorkerProcess();
    const halted = await haltIn(worker, 'Comes back', 'realm.ensure');
    await worker.kill();
    const stranger = await workThere(atOther);
    await isSeen('other');
    const [question] = await questions('open');
    assert.ok(question);
    await stranger.stop();

    const back = await workThere(installation.configuration);
    await isSeen('same');
    assert.partialDeepStrictEqual(await questions('done'), [{ id: question.id, closedBy: null }]);
    assert.equal((await installation.runIsOver(halted.runId)).state, 'succeeded');
    await back.stop();
  });

  it('is shown within a minute, destroys nothing, begins nothing, and takes over when a person says so', async function () {
    this.timeout(6 * seenWithinMs);
    const worker = await installation.startWorkerProcess();
    const removed = await installation.provision({ name: 'Is being removed' });
    const forward = [
      await haltIn(worker, 'At the database', 'database.ensure'),
      await haltIn(worker, 'At the realm', 'realm.ensure'),
      await haltIn(worker, 'At the bucket', 'storage.ensure'),
      await haltIn(worker, 'At the check', 'realm.prove'),
    ];
    const cancelled = await haltIn(worker, 'Is to be cancelled', 'realm.ensure');
    const rollingBack = await haltIn(worker, 'Is rolled back', 'realm.destroy', 'realm.prove');
    const { halted } = await worker.haltAt('realm.destroy', 'after');
    const removal = await installation.removeTenant(removed.tenantId, removed.slug);
    await halted;
    await worker.kill();

    const runIds = [...forward, cancelled, rollingBack, removal].map(({ runId }) => runId);
    const tenantIds = [...forward, cancelled, rollingBack, removal].map(({ tenantId }) => tenantId);
    const before = { states: await statesOf(runIds), made: await madeFor(tenantIds) };
    const stranger = await workThere(atOther);
    try {
      const started = Date.now();
      const cluster = await isSeen('other');
      assertInTime(Date.now() - started, seenWithinMs, 'the other cluster is seen');
      assert.partialDeepStrictEqual(cluster, { affectedRuns: runIds.length });
      const later = await register('Comes meanwhile');
      await installation.em.transactional((em) => requestCancel(em, cancelled.runId, theSystem));
      await installation.until('the later run to have been passed over', 30_000, async () => {
        const [row] = await installation.asAdmin<{ passed: boolean }>(
          null,
          `select last_seen_at > created_at + interval '8 seconds' as passed from cluster_changes, runs
           where cluster_changes.state = 'open' and runs.id = $1`,
          [later.runId],
        );
        return row?.passed;
      });
      assert.equal((await questions('open')).length, 1);
      assert.deepEqual({ states: await statesOf(runIds), made: await madeFor(tenantIds) }, before);
      assert.equal((await installation.run(later.runId)).state, 'queued');

      const { announcer } = installation.platform;
      const wrong = { clusterId: 'another', namespaceId: 'one' };
      await assert.rejects(
        confirmCluster(installation.em, announcer, wrong, theSystem),
        (error: DomainError) => error.code === 'cluster_changed',
      );
      assert.deepEqual(await confirmCluster(installation.em, announcer, await seenNow(), theSystem), {
        restarted: runIds.length - 1,
        finishedFromLedger: 1,
      });
      assert.deepEqual(await viewCluster(installation.em), { state: 'same' });
      assert.deepEqual(await questions('open'), []);

      for (const { runId, tenantId, name } of [...forward, { ...later, name: 'Comes meanwhile' }]) {
        const run = await installation.runIsOver(runId);
        assert.equal(run.state, 'succeeded', `${name}: ${run.reason}`);
        assert.deepEqual(
          run.steps.map(({ state }) => state),
          run.steps.map(() => 'done'),
          name,
        );
        const made = await remainsOf(installation, tenantId);
        assert.equal(new Set(made).size, 6, `${name} has ${made.join(', ')}`);
      }
      assert.equal((await installation.runIsOver(cancelled.runId)).state, 'cancelled');
      assert.equal((await installation.runIsOver(removal.runId)).state, 'succeeded');
      await installation.until('the rollback to be finished', 60_000, async () => {
        return (await installation.run(rollingBack.runId)).state === 'rolled_back';
      });
      for (const { tenantId } of [cancelled, removal, rollingBack])
        assert.deepEqual(await remainsOf(installation, tenantId), []);
      const doubled = await installation.asAdmin(
        null,
        'select realm_id from realm_keys group by realm_id having count(*) > 1',
      );
      assert.deepEqual(doubled, [], 'nothing was made twice');
    } finally {
      await stranger.stop();
    }

    // The lost cluster returns, and with it the executions that were replaced: their attempts belong to an older epoch.
    const after = await madeFor(tenantIds);
    const states = await statesOf(runIds);
    const back = await workThere(installation.configuration);
    try {
      for (const { tenantId, runId } of forward)
        await assert.rejects(
          installation.temporal.client.workflow.getHandle(`provisionTenant/${tenantId}/${runId}`).result(),
          /Workflow execution failed/,
        );
      assert.deepEqual(await statesOf(runIds), states);
      assert.deepEqual(await madeFor(tenantIds), after);
    } finally {
      await back.stop();
    }
  });
});
