import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { readCertificate } from '#domain/erasure/certificates.ts';
import { TestInstallation } from '../../servers/installation.ts';
import type { StepIn } from '../../servers/faults.ts';
import { remainsOf } from '../../servers/remains.ts';
import { startRun } from '#temporal/startRun.ts';
import { certified, inGrace, offboard } from './leavingTenant.ts';

describe('an offboarding that is interrupted', function () {
  this.timeout(120_000);
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker((...given) => stepIn(...given));
  });
  after(() => installation.stop());
  beforeEach(() => {
    stepIn = async () => undefined;
  });

  const stateOf = async (tenantId: string) => {
    const [row] = await installation.asAdmin<{ state: string; attention: boolean }>(
      null,
      'select state, attention from tenants where id = $1',
      [tenantId],
    );
    return row;
  };

  it('goes past a destroy that fails for good, and a removal at once completes it with the counts from before', async () => {
    const tenant = await installation.provision({ name: 'Sticky' });
    stepIn = async ({ at, when }) => {
      if (at === 'realm.destroy' && when === 'before') throw new DomainError('check_failed', 'The realm will not go.');
    };
    const { runId } = await offboard(installation, tenant, 0);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'needs_attention');
    assert.deepEqual(await stateOf(tenant.tenantId), { state: 'offboarding', attention: true });
    assert.ok((await remainsOf(installation, tenant.tenantId)).includes('realm'));
    stepIn = async () => undefined;
    const second = await installation.removeTenant(tenant.tenantId, tenant.slug);
    assert.equal((await installation.runIsOver(second.runId)).state, 'succeeded');
    await certified(installation, tenant.tenantId);
    const { certificate } = await readCertificate(installation.em, tenant.tenantId);
    assert.equal(certificate.cause, 'offboarding');
    assert.ok(certificate.counts.some(({ store, before }) => store === 'database' && before > 0));
    assert.deepEqual(await remainsOf(installation, tenant.tenantId), [`address ${tenant.slug}`]);
  });

  it('names what it could not give back, and a finishing run completes that', async () => {
    const tenant = await installation.provision({ name: 'Stuck back' });
    const { runId } = await offboard(installation, tenant, 30);
    await inGrace(installation, runId);
    stepIn = async ({ at, when }) => {
      if (at === 'realm.open' && when === 'before') throw new DomainError('check_failed', 'The realm will not open.');
    };
    await installation.cancelRun(runId);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'needs_attention');
    assert.match(run.reason ?? '', /Suspend the tenant/);
    assert.equal(run.may.finishRollback, true);
    stepIn = async () => undefined;
    const { openFinish } = await import('#domain/runs/ending/finishRollback.ts');
    const { theSystem } = await import('#domain/events/appendEvent.ts');
    const finish = await installation.em.transactional((em) => openFinish(em, runId, theSystem));
    await startRun(installation.platform, installation.temporal.client, finish.runId);
    assert.equal((await installation.runIsOver(finish.runId)).state, 'succeeded');
    assert.deepEqual(await stateOf(tenant.tenantId), { state: 'active', attention: false });
  });

  it('is undone within a minute when its workflow is terminated while it waits', async () => {
    const tenant = await installation.provision({ name: 'Terminated' });
    const { runId } = await offboard(installation, tenant, 30);
    const run = await inGrace(installation, runId);
    await installation.temporal.client.workflow.getHandle(run.temporal.workflowId).terminate();
    await installation.until('the tenant to be active', 60_000, async () => {
      const tenantNow = await stateOf(tenant.tenantId);
      return tenantNow?.state === 'active' && !tenantNow.attention;
    });
  });

  it('goes on where it was when it is started forward again: nothing is exported twice', async () => {
    const tenant = await installation.provision({ name: 'Another cluster' });
    const { runId } = await offboard(installation, tenant, 30);
    await inGrace(installation, runId);
    await installation.asAdmin(
      null,
      `update runs set epoch = 2, state = 'queued', held_by = null, held_step_id = null, workflow_started_at = null,
         workflow_id = workflow_id || '/2' where id = $1`,
      [runId],
    );
    await startRun(installation.platform, installation.temporal.client, runId);
    await inGrace(installation, runId);
    const exports = await installation.asAdmin(null, 'select 1 from tenant_exports where run_id = $1', [runId]);
    assert.equal(exports.length, 1);
    await installation.cancelRun(runId);
    assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
    assert.deepEqual(await stateOf(tenant.tenantId), { state: 'active', attention: false });
  });
});
