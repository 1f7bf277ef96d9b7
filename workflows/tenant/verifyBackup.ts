import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { BackupActivities } from '#activities/backups/backupRuns.ts';
import type { Reason, RunInput } from '#contracts/workflowInputs.ts';
import { refOf, takeFixed } from '../lib/fixedSteps.ts';
import { AT_LENGTH, REPORT } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';

const ledger = proxyLocalActivities<BackupActivities>(REPORT);

/** Reads a backup again without restoring it, and writes down what came of it. There is nothing to undo. */
export async function verifyBackup(run: RunInput): Promise<void> {
  const reading = proxyActivities<BackupActivities>(AT_LENGTH(run.actAttempts));
  let refusal: Reason | null = null;
  try {
    await takeFixed(run, 'backup.read', (input) => reading['backup.read'](input));
  } catch (error) {
    refusal = reasonOf(error);
  }
  const outcome = await CancellationScope.nonCancellable(() => ledger['backup.closeVerified'](refOf(run), refusal));
  if (outcome === 'cancelled') throw new CancelledFailure('cancelled on request; nothing was judged');
  if (outcome !== 'succeeded')
    throw ApplicationFailure.create({
      type: outcome,
      message: refusal?.text ?? 'It could not be read.',
      nonRetryable: true,
    });
}
