import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { BackupActivities } from '#activities/backups/backupRuns.ts';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { RecoverTenantActivities } from '#activities/recovery/recoverTenant.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { refOf, takeFixed, undoFixed } from '../lib/fixedSteps.ts';
import { AT_LENGTH, FIXED, REPORT, UNDO_AT_LENGTH } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';
import { report } from '../lib/saga.ts';
import { fixedStep } from '../lib/steps.ts';

const ledger = proxyLocalActivities<LedgerActivities & RecoverTenantActivities>(REPORT);
const closing = proxyActivities<RecoverTenantActivities>(FIXED);

/**
 * Copies a tenant out of the whole server as it was at a moment, brought back beside, and begins the restore that was asked for; or leaves nothing of
 * it. The tenant itself is touched by that restore alone, which is a run of its own.
 */
export async function recoverTenant(run: RunInput): Promise<void> {
  const working = proxyActivities<RecoverTenantActivities & BackupActivities>(AT_LENGTH(run.actAttempts));
  try {
    await takeFixed(run, 'recovery.choose', (input) => working['recovery.choose'](input));
    await takeFixed(run, 'recovery.restore', (input) => working['recovery.restore'](input));
    await takeFixed(run, 'recovery.prove', (input) => working['recovery.prove'](input));
    await takeFixed(run, 'backup.write', (input) => working['recovery.copy'](input));
    await takeFixed(run, 'backup.check', (input) => working['backup.check'](input));
    await takeFixed(run, 'recovery.remove', (input) => working['recovery.remove'](input));
    await CancellationScope.nonCancellable(() => closing['recovery.close'](refOf(run)));
  } catch (error) {
    await CancellationScope.nonCancellable(() => takeBack(run, error));
  }
}

/** What cannot be removed now is removed later by itself; the run says so until then. */
async function takeBack(run: RunInput, error: unknown): Promise<never> {
  const reason = reasonOf(error);
  const removing = proxyActivities<RecoverTenantActivities & BackupActivities>(UNDO_AT_LENGTH(run.undoPatienceSeconds));
  await ledger['ledger.startRollback'](refOf(run), reason);
  let isLeft = false;
  for (const [provider, undo] of [
    ['backup.write', 'backup.discard'],
    ['recovery.restore', 'recovery.remove'],
  ] as const)
    try {
      await undoFixed(run, provider, (input) => removing[undo](input));
    } catch (failure) {
      isLeft = true;
      await report(run, fixedStep(run, provider), 'undo_failed', reasonOf(failure));
    }
  const outcome = await ledger['recovery.closeTakenBack'](refOf(run), reason, isLeft);
  // The execution ends as what it was, so that the Temporal UI's own filters find it.
  if (outcome === 'cancelled') throw new CancelledFailure('cancelled on request; nothing of it is left');
  throw ApplicationFailure.create({ type: outcome, message: reason.text, nonRetryable: true });
}
