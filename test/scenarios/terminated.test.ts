import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { startRun } from '#temporal/startRun.ts';
import type { StepIn } from '../servers/faults.ts';
import { TestInstallation } from '../servers/installation.ts';
import { remainsOf } from '../servers/remains.ts';

const undoneWithinMs = 60_000;

describe('a workflow that was terminated by hand', () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(() => installation.stop());

  const terminate = async (runId: string) => {
    const { temporal } = await installation.run(runId);
    await installation.temporal.client.workflow.getHandle(temporal.workflowId).terminate('by the test');
  };

  /** Reaches `at` and waits there until `letGo`. */
  const haltAt = (at: string) => {
    let reached = () => undefined as void;
    let letGo = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    const released = new Promise<void>((resolve) => (letGo = resolve));
    stepIn = async (position) => {
      if (position.at !== at || position.when !== 'after') return;
      reached();
      await released;
    };
    return { there, letGo: () => letGo() };
  };

  const followUpOf = (runId: string) =>
    installation.until('a run that completes it', undoneWithinMs, async () => {
      const [found] = await installation.asAdmin<{ id: string }>(null, 'select id from runs where parent_run_id = $1', [
        runId,
      ]);
      return found?.id;
    });

  it('is undone from the ledger within a minute, wherever it stood', async function () {
    this.timeout(3 * undoneWithinMs);
    const halted = [];
    for (const at of ['database.ensure', 'realm.ensure', 'storage.ensure', 'realm.prove']) {
      const { there, letGo } = haltAt(at);
      const { tenantId, runId } = await installation.createTenant({ name: `Terminated in ${at}` });
      await there;
      await terminate(runId);
      letGo();
      halted.push({ tenantId, runId });
    }
    stepIn = async () => undefined;
    for (const { tenantId, runId } of halted) {
      const finishing = await installation.runIsOver(await followUpOf(runId), undoneWithinMs);
      assert.equal(finishing.kind, 'finishRollback');
      assert.equal(finishing.state, 'succeeded');
      assert.equal((await installation.run(runId)).state, 'rolled_back');
      assert.deepEqual(await remainsOf(installation, tenantId), []);
      const [tenant] = await installation.asAdmin<{ state: string; attention: boolean }>(
        null,
        'select state, attention from tenants where id = $1',
        [tenantId],
      );
      assert.deepEqual(tenant, { state: 'rolled_back', attention: false });
    }
  });

  it('is completed when it was a removal', async function () {
    this.timeout(2 * undoneWithinMs);
    const { tenantId, slug } = await installation.provision({ name: 'Half removed' });
    const { there, letGo } = haltAt('realm.destroy');
    const { runId } = await installation.removeTenant(tenantId, slug);
    await there;
    await terminate(runId);
    letGo();
    stepIn = async () => undefined;
    const completing = await installation.runIsOver(await followUpOf(runId), undoneWithinMs);
    assert.equal(completing.kind, 'deprovisionTenant');
    assert.equal(completing.state, 'succeeded');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('proves nothing when it lives in another cluster than the one that answers', async function () {
    this.timeout(undoneWithinMs);
    const { there, letGo } = haltAt('realm.ensure');
    const { tenantId, runId } = await installation.createTenant({ name: 'Elsewhere' });
    await there;
    await installation.asAdmin(null, `update runs set cluster_id = 'another' where id = $1`, [runId]);
    await terminate(runId);
    letGo();
    await installation.until('the reconciler to have passed it over', undoneWithinMs, async () => {
      const [row] = await installation.asAdmin<{ passed: boolean }>(
        null,
        `select last_seen_at > first_seen_at + interval '12 seconds' as passed from cluster_changes where state = 'open'`,
      );
      return row?.passed;
    });
    assert.equal((await installation.run(runId)).state, 'running');
    assert.deepEqual(
      (await installation.asAdmin(null, 'select 1 from realms where tenant_id = $1', [tenantId])).length,
      1,
      'what it made is still there',
    );
    await installation.asAdmin(
      null,
      `update runs set cluster_id = (select cluster_id from runs where id <> $1 and cluster_id is not null limit 1) where id = $1`,
      [runId],
    );
    await installation.runIsOver(await followUpOf(runId), undoneWithinMs);
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('leaves an operator the choice to finish a rollback that got stuck, and refuses to finish anything else', async () => {
    stepIn = async ({ at, when }) => {
      if (at === 'storage.ensure' && when === 'after') throw new DomainError('check_failed', 'The test says no.');
      if (at === 'database.destroy' && when === 'before')
        throw new DomainError('check_failed', 'The database will not go.');
    };
    const { tenantId, slug, runId } = await installation.createTenant({ name: 'Stuck again' });
    assert.equal((await installation.runIsOver(runId)).state, 'needs_attention');
    const finish = async (id: string) => {
      const opened = await installation.em.transactional((em) => openFinish(em, id, theSystem));
      await startRun(installation.platform, installation.temporal.client, opened.runId);
      return installation.runIsOver(opened.runId);
    };
    const stillStuck = await finish(runId);
    assert.equal(stillStuck.state, 'needs_attention');
    assert.match(stillStuck.reason ?? '', /Database/);
    assert.equal((await installation.run(runId)).state, 'needs_attention');

    stepIn = async () => undefined;
    assert.equal((await finish(runId)).state, 'succeeded');
    assert.equal((await installation.run(runId)).state, 'rolled_back');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
    await assert.rejects(finish(runId), (error: DomainError) => error.code === 'run_not_finishable');
    assert.equal((await installation.provision({ name: 'Next', slug })).slug, slug);
  });
});
