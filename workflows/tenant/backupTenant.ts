import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { BackupActivities } from '#activities/backups/backupRuns.ts';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { refOf, takeFixed, undoFixed } from '../lib/fixedSteps.ts';
import { AT_LENGTH, REPORT, UNDO } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';
import { report } from '../lib/saga.ts';
import { fixedStep } from '../lib/steps.ts';

const ledger = proxyLocalActivities<LedgerActivities & BackupActivities>(REPORT);

/** Copies a tenant and reads the copy again, or leaves nothing of it. The tenant works on meanwhile. */
export async function backupTenant(run: RunInput): Promise<void> {
  const copying = proxyActivities<BackupActivities>(AT_LENGTH(run.actAttempts));
  try {
    await takeFixed(run, 'backup.write', (input) => copying['backup.write'](input));
    await takeFixed(run, 'backup.check', (input) => copying['backup.check'](input));
    await CancellationScope.nonCancellable(() => ledger['backup.closeKept'](refOf(run)));
  } catch (error) {
    await CancellationScope.nonCancellable(() => takeBack(run, error));
  }
}

/** What cannot be removed now is removed later by itself; the run says so until then. */
async function takeBack(run: RunInput, error: unknown): Promise<never> {
  const reason = reasonOf(error);
  const removing = proxyActivities<BackupActivities>(UNDO(run.undoPatienceSeconds));
  await ledger['ledger.startRollback'](refOf(run), reason);
  let outcome: string;
  try {
    await undoFixed(run, 'backup.write', (input) => removing['backup.discard'](input));
    outcome = await ledger['backup.closeTakenBack'](refOf(run), reason);
  } catch (failure) {
    await report(run, fixedStep(run, 'backup.write'), 'undo_failed', reasonOf(failure));
    outcome = await ledger['backup.closeLeft'](refOf(run), reason);
  }
  // The execution ends as what it was, so that the Temporal UI's own filters find it.
  if (outcome === 'cancelled') throw new CancelledFailure('cancelled on request; nothing of the backup is left');
  throw ApplicationFailure.create({ type: outcome, message: reason.text, nonRetryable: true });
}
