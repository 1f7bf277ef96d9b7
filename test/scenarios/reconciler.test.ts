import assert from 'node:assert/strict';
import type { TaskState } from '#contracts/tasks.ts';
import { everywhere } from '#domain/access/grants.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openPlatform } from '#domain/platform.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import { registerTenant, type RegisteredTenant } from '#domain/tenants/registerTenant.ts';
import { listTasks } from '#domain/tasks/listTasks.ts';
import { openTemporalClient } from '#temporal/connection.ts';
import { startRun } from '#temporal/startRun.ts';
import { noteStuck } from '#workers/reconciler/noteStuck.ts';
import { assertInTime } from '#test/run/patience.ts';
import { TestInstallation } from '../servers/installation.ts';
import type { StepIn } from '../servers/faults.ts';
import { remainsOf } from '../servers/remains.ts';

describe('the reconciler', () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;

  before(async () => {
    installation = await TestInstallation.start();
    for (let i = 0; i < 2; i++) await installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(() => installation.stop());
  beforeEach(() => {
    stepIn = async () => undefined;
  });

  /** What the API commits, without what comes after the commit. */
  const register = (name: string): Promise<RegisteredTenant> =>
    installation.em.transactional((em) => registerTenant(em, installation.platform.tenantKeys, { name }, theSystem));

  /** A run that waits in the middle of its realm until it may go on. */
  async function startHalted(name: string) {
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at, when }) => {
      if (at !== 'realm.ensure' || when !== 'after') return;
      reached();
      await released;
    };
    const created = await installation.createTenant({ name });
    await there;
    return { ...created, goOn };
  }
  const cancelIsDelivered = (runId: string) =>
    installation.until('the cancel to be delivered', 20_000, async () => {
      const [run] = await installation.asAdmin<{ at: string | null }>(
        null,
        'select cancel_delivered_at as at from runs where id = $1',
        [runId],
      );
      return run?.at;
    });
  const attemptsOf = (runId: string) =>
    installation.asAdmin<{ attempt: number }>(null, 'select distinct attempt from run_steps where run_id = $1', [
      runId,
    ]);

  it('starts what was committed while Temporal was away, once, though two workers look', async () => {
    const created = await register('Committed only');
    const away = await openPlatform({
      ...installation.configuration,
      temporal: { ...installation.configuration.temporal, address: '127.0.0.1:45999' },
    });
    const nowhere = openTemporalClient(away);
    try {
      const asked = performance.now();
      await assert.rejects(startRun(away, nowhere.client, created.runId));
      assertInTime(performance.now() - asked, 6_000, 'a request must not wait long for Temporal');
    } finally {
      await nowhere.close();
      await away.close();
    }
    const run = await installation.runIsOver(created.runId);
    assert.equal(run.state, 'succeeded');
    assert.deepEqual(await attemptsOf(created.runId), [{ attempt: 1 }]);
  });

  it('delivers a cancel that was written and never sent', async () => {
    const { tenantId, runId, goOn } = await startHalted('Undelivered');
    await installation.em.transactional((em) => requestCancel(em, runId, theSystem));
    await cancelIsDelivered(runId);
    goOn();
    assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('starts a run that was cancelled before it began, and ends it cancelled and clean', async () => {
    const { tenantId, runId } = await register('Cancelled in the queue');
    await installation.em.transactional((em) => requestCancel(em, runId, theSystem));
    assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('delivers it also to a run whose start was never noted, because the process died in between', async () => {
    const { tenantId, runId, goOn } = await startHalted('Start not noted');
    await installation.asAdmin(
      null,
      `update runs set workflow_started_at = null, cluster_id = null, namespace_id = null,
         created_at = created_at - interval '1 minute' where id = $1`,
      [runId],
    );
    await installation.em.transactional((em) => requestCancel(em, runId, theSystem));
    await cancelIsDelivered(runId);
    goOn();
    assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
    const [run] = await installation.asAdmin<{ cluster_id: string | null }>(
      null,
      'select cluster_id from runs where id = $1',
      [runId],
    );
    assert.ok(run?.cluster_id);
  });

  it('starts a run once, however often and however late it is asked to', async () => {
    const { runId } = await register('Started often');
    const { platform, temporal } = installation;
    const start = () => startRun(platform, temporal.client, runId);
    await Promise.all(Array.from({ length: 5 }, start));
    const handle = temporal.client.workflow.getHandle((await installation.run(runId)).temporal.workflowId);
    const execution = (await handle.describe()).runId;
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    await installation.asAdmin(
      null,
      `update runs set state = 'queued', workflow_started_at = null, finished_at = null where id = $1`,
      [runId],
    );
    await start();
    assert.equal((await handle.describe()).runId, execution);
    await installation.asAdmin(null, `update runs set state = 'succeeded', finished_at = now() where id = $1`, [runId]);
    assert.deepEqual(await attemptsOf(runId), [{ attempt: 1 }]);
  });

  it('asks for a person when the tasks of a workflow keep failing, and no longer when it goes on', async () => {
    const { tenantId, runId, goOn } = await startHalted('Stands still');
    const run = { id: runId, tenant_id: tenantId };
    const kindsOf = async (state: TaskState) =>
      (await listTasks(installation.em, { runId, state, limit: 50 }, everywhere)).items.map(({ kind }) => kind);
    await noteStuck(installation.em, run, 9);
    assert.deepEqual(await kindsOf('open'), []);
    for (const failedTasks of [10, 11]) await noteStuck(installation.em, run, failedTasks);
    assert.deepEqual(await kindsOf('open'), ['workflow_stuck']);
    await noteStuck(installation.em, run, 0);
    assert.deepEqual(await kindsOf('open'), []);
    assert.deepEqual(await kindsOf('done'), ['workflow_stuck']);
    goOn();
    await installation.runIsOver(runId);
  });
});
