import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';
import { saga } from '../lib/saga.ts';
import { act, stepsOfBlueprint, undo } from '../lib/steps.ts';

const activities = proxyActivities<Activities>(FIXED);

/** Opens what a suspension closed, and then the doors; or leaves the tenant suspended as it was. */
export async function resumeTenant(run: RunInput): Promise<void> {
  await saga(run, async (step) => {
    for (const planned of stepsOfBlueprint(run)) await step(planned, act(run, planned), undo(run, planned));
    const { runId, tenantId, epoch } = run;
    await CancellationScope.nonCancellable(() => activities['suspension.end']({ runId, tenantId, epoch }));
  });
}
