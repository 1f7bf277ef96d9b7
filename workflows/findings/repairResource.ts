import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { Reason, RunInput } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';
import { report } from '../lib/saga.ts';
import { act, stepsOfBlueprint } from '../lib/steps.ts';

const activities = proxyActivities<Activities>(FIXED);

/** Brings one resource back to what was made, because a person asked for it, and looks at it again. */
export async function repairResource(run: RunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  await CancellationScope.nonCancellable(async () => {
    for (const planned of stepsOfBlueprint(run)) {
      let refusal: Reason | null = null;
      try {
        await act(run, planned)(1);
        await report(run, planned, 'done', null);
      } catch (error) {
        refusal = reasonOf(error);
        await report(run, planned, 'failed', refusal);
      }
      await activities['drift.closeRepair']({ runId, tenantId, epoch, resourceId: planned.resourceId }, refusal);
    }
  });
}
