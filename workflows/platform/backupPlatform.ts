import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { PlatformRunInput, Reason } from '#contracts/workflowInputs.ts';
import { AT_LENGTH, FIXED } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';

const activities = proxyActivities<Activities>(FIXED);

/** Writes the control plane's own backup, reads all of it again, and only then removes older ones. */
export async function backupPlatform(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch, actAttempts } = run;
  const ref = { runId, tenantId, epoch };
  await CancellationScope.nonCancellable(async () => {
    let refusal: Reason | null = null;
    try {
      const atLength = proxyActivities<Activities>(AT_LENGTH(actAttempts));
      await atLength['platformBackup.write'](ref);
      await atLength['platformBackup.prove'](ref);
      await atLength['platformBackup.clear'](ref);
    } catch (error) {
      refusal = reasonOf(error);
    }
    await activities['platformBackup.close'](ref, refusal);
  });
}
