/**
 * Records the histories that `replay.test.ts` replays: every workflow, each way it can end. Needs TEST_ADMIN_DATABASE_URL and
 * TEST_TEMPORAL_ADDRESS. Released histories stay as they are, as runs of earlier versions do; a changed workflow gets new ones
 * beside them, named by TEST_REPLAY_VERSION.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DecisionKind } from '#contracts/decisions.ts';
import { everywhere } from '#domain/access/grants.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openCheck } from '#domain/drift/check.ts';
import { listFindings } from '#domain/drift/listFindings.ts';
import { openRepair } from '#domain/drift/repair.ts';
import { listOrphans } from '#domain/orphans/listOrphans.ts';
import { openOrphanRemoval } from '#domain/orphans/removeOrphan.ts';
import { openRetention } from '#domain/retention/applyRetention.ts';
import { openSweep } from '#domain/orphans/sweep.ts';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { ProviderError } from '#providers/provider.ts';
import { switchProvisioning } from '#domain/provisioningSwitch.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../servers/installation.ts';
import type { StepIn } from '../servers/faults.ts';
import { CallReceiver } from '../servers/callReceiver.ts';
import { planWith } from '../servers/outsidePlan.ts';
import { handover } from './record/handover.ts';
import { imports } from './record/imports.ts';
import { offboarding } from './record/offboarding.ts';
import { drills } from './record/drills.ts';
import { fleet } from './record/fleet.ts';
import { platform } from './record/platform.ts';
import { schedules } from './record/schedules.ts';
import { backups } from './record/backups.ts';
import { runbooks } from './record/runbooks.ts';
import { renewals } from './record/renewals.ts';
import { suspension } from './record/suspension.ts';
import { onboarding } from './record/onboarding.ts';
import { recovery } from './record/recovery.ts';
import { recorderOf, type Recorder } from './recorder.ts';

let stepIn: StepIn = async () => undefined;
const installation = await TestInstallation.start({
  TENANTRY_SWEEP_GRACE_SECONDS: '0',
  TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true',
});
await installation.startWorker((position, attempt) => stepIn(position, attempt));
const recorder = recorderOf(installation, (next) => (stepIn = next));
const { record, refuse } = recorder;

/** One by one, or those that TEST_REPLAY_ROOMS names; `provisioning` and what belongs to it is below. */
const rooms: Record<string, (recorder: Recorder) => Promise<void>> = {
  provisioning,
  fleet,
  onboarding,
  suspension,
  handover,
  offboarding,
  imports,
  schedules,
  platform,
  renewals,
  runbooks,
  drills,
  backups,
  recovery,
};
const wanted = process.env['TEST_REPLAY_ROOMS']?.split(',') ?? Object.keys(rooms);
try {
  for (const room of wanted) {
    stepIn = async () => undefined;
    await rooms[room]!(recorder);
  }
} finally {
  await installation.stop();
}
process.exit(0);

async function provisioning(): Promise<void> {
  const good = await installation.provision({ name: 'Recorded', admin: { email: 'recorded@replay.example' } });
  await record('provisionTenant.succeeds', good.runId);
  const [delivery] = await installation.asAdmin<{ id: string }>(null, 'select id from runs where parent_run_id = $1', [
    good.runId,
  ]);
  await record('deliverInvitation.succeeds', delivery?.id ?? '');
  const check = await installation.em.transactional((em) => openCheck(em, null, theSystem));
  await startRun(installation.platform, installation.temporal.client, check);
  await record('checkDrift.succeeds', check);
  const repairs = async (name: string) => {
    await installation.asAdmin(null, `alter role ${schemaNameOf(good.tenantId)} connection limit 1`);
    const found = await installation.em.transactional((em) => openCheck(em, good.tenantId, theSystem));
    await startRun(installation.platform, installation.temporal.client, found);
    await installation.runIsOver(found);
    const [finding] = (await listFindings(installation.em, { state: 'open', limit: 1 }, everywhere)).items;
    const { runId } = await installation.em.transactional((em) => openRepair(em, finding?.id ?? '', theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    await record(name, runId);
  };
  await repairs('repairResource.succeeds');
  stepIn = async ({ at, when }) => {
    if (at === 'database.ensure' && when === 'before') throw refuse();
  };
  await repairs('repairResource.fails');
  stepIn = async () => undefined;
  const sweep = async () => {
    const runId = await installation.em.transactional((em) => openSweep(em, null, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    return runId;
  };
  await record('sweepOrphans.succeeds', await sweep());
  const retention = await installation.em.transactional((em) => openRetention(em, null, theSystem));
  await startRun(installation.platform, installation.temporal.client, retention);
  await record('applyRetention.succeeds', retention);
  const service = await CallReceiver.start();
  const welcome = {
    key: 'welcome',
    kind: 'http',
    title: 'Say welcome',
    url: service.url,
    timeoutSeconds: 30,
    when: 'after',
  };
  await planWith(installation, 'welcoming', [welcome]);
  const welcomed = await installation.provision({ name: 'Welcomed', plan: 'welcoming' });
  const [delivered] = await installation.asAdmin<{ id: string }>(null, 'select id from runs where parent_run_id = $1', [
    welcomed.runId,
  ]);
  await record('deliverStep.succeeds', delivered?.id ?? '');
  await service.stop();
  await record('deprovisionTenant.succeeds', (await installation.removeTenant(good.tenantId, good.slug)).runId);
  const removesOrphan = async (name: string, isAllowed: boolean) => {
    const bucket = join(installation.configuration.storageDir, bucketNameOf(good.tenantId));
    await rm(bucket, { recursive: true });
    await mkdir(bucket);
    await installation.runIsOver(await sweep());
    const [orphan] = (await listOrphans(installation.em, { state: 'open', limit: 1 })).items;
    const runId = await installation.em.transactional((em) => openOrphanRemoval(em, orphan?.id ?? '', 0, theSystem));
    if (!isAllowed)
      await installation.asAdmin(
        null,
        `update installations set sweep_locked_at = now(), sweep_lock_reason = 'Locked.'`,
      );
    await startRun(installation.platform, installation.temporal.client, runId);
    await record(name, runId);
  };
  await removesOrphan('removeOrphan.succeeds', true);
  await removesOrphan('removeOrphan.refused', false);

  stepIn = async ({ at, when }) => {
    if (at === 'storage.ensure' && when === 'after') throw refuse();
  };
  await record('provisionTenant.rollsBack', (await installation.createTenant({ name: 'Rolls back' })).runId);

  let outages = 2;
  stepIn = async ({ at, when }) => {
    if (at === 'realm.ensure' && when === 'before' && outages-- > 0) throw new ProviderError('realm', 'No answer.');
  };
  await record('provisionTenant.retries', (await installation.createTenant({ name: 'Retries' })).runId);

  stepIn = async ({ at, when }) => {
    if (at === 'realm.prove' && when === 'before') throw refuse();
    if (at === 'realm.destroy' && when === 'before') throw refuse();
  };
  let stuck = await installation.createTenant({ name: 'Stuck' });
  await record('provisionTenant.undoFails', stuck.runId);
  const finish = async () => {
    const { runId } = await installation.em.transactional((em) => openFinish(em, stuck.runId, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    return runId;
  };
  await record('finishRollback.fails', await finish());
  await record('deprovisionTenant.destroyFails', (await installation.removeTenant(stuck.tenantId, stuck.slug)).runId);

  stepIn = async ({ at, when }) => {
    if (at === 'realm.prove' && when === 'before') throw refuse();
    if (at === 'realm.destroy' && when === 'before') throw refuse();
  };
  stuck = await installation.createTenant({ name: 'Stuck again' });
  await installation.runIsOver(stuck.runId);
  stepIn = async () => undefined;
  await record('finishRollback.succeeds', await finish());

  let reached = () => undefined as void;
  const there = new Promise<void>((resolve) => (reached = resolve));
  let goOn = () => undefined as void;
  const released = new Promise<void>((resolve) => (goOn = resolve));
  stepIn = async ({ at, when }) => {
    if (at !== 'realm.ensure' || when !== 'after') return;
    reached();
    await released;
  };
  const cancelled = await installation.createTenant({ name: 'Cancelled' });
  await there;
  await installation.cancelRun(cancelled.runId);
  goOn();
  await record('provisionTenant.cancelled', cancelled.runId);

  /** Stopped at its bucket, told this, and over. */
  const decided = async (name: string, decision: DecisionKind, failsUntilDecided: StepIn) => {
    stepIn = failsUntilDecided;
    const breakpoints = decision === 'continue' ? ['storage'] : [];
    const { runId } = await installation.createTenant({ name, plan: 'patient', breakpoints });
    await installation.runIs(decision === 'continue' ? 'paused' : 'waiting', runId);
    stepIn = async () => undefined;
    await installation.decide(runId, decision);
    await record(name, runId);
  };
  const refuseBucket: StepIn = async ({ at }) => {
    if (at === 'storage.ensure') throw refuse();
  };
  await installation.addPlan('patient', [
    { kind: 'resource', provider: 'realm', title: 'Create the sign-in realm' },
    {
      kind: 'resource',
      provider: 'storage',
      title: 'Create the storage bucket',
      onFailure: 'wait',
      skippable: true,
    },
  ]);
  await decided('provisionTenant.parkedAndRetried', 'retry', refuseBucket);
  await decided('provisionTenant.parkedAndSkipped', 'skip', refuseBucket);
  await decided('provisionTenant.parkedAndRolledBack', 'roll_back', refuseBucket);
  await decided('provisionTenant.stoppedAtBreakpoint', 'continue', async () => undefined);
  const paused = (isPaused: boolean) =>
    installation.em.transactional((em) => switchProvisioning(em, { paused: isPaused }, theSystem));
  await paused(true);
  const held = await installation.createTenant({ name: 'Held' });
  await installation.runIs('paused', held.runId);
  await paused(false);
  await record('provisionTenant.held', held.runId);
}
