import { ApplicationFailure, CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { PlatformRunInput, Reason } from '#contracts/workflowInputs.ts';
import { FIXED, UNDO } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';

const activities = proxyActivities<Activities>(FIXED);

/** Removes one thing that carries our tag and that nobody knows, because a person approved it. */
export async function removeOrphan(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch, subjectId, undoPatienceSeconds } = run;
  if (!subjectId) throw ApplicationFailure.nonRetryable('this run is about nothing');
  const ref = { runId, tenantId, epoch, findingId: subjectId };
  await CancellationScope.nonCancellable(async () => {
    let refusal: Reason | null = null;
    try {
      await proxyActivities<Activities>(UNDO(undoPatienceSeconds))['orphans.remove'](ref);
    } catch (error) {
      refusal = reasonOf(error);
    }
    await activities['orphans.closeRemoval'](ref, refusal);
  });
}
