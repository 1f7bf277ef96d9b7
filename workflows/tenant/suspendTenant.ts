import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';
import { saga } from '../lib/saga.ts';
import { act, stepsOfBlueprint, undo } from '../lib/steps.ts';

const activities = proxyActivities<Activities>(FIXED);

/** Closes what is behind a tenant's doors, which are closed already, or opens all of it again. */
export async function suspendTenant(run: RunInput): Promise<void> {
  await saga(run, async (step) => {
    for (const planned of stepsOfBlueprint(run)) await step(planned, act(run, planned), undo(run, planned));
    const { runId, tenantId, epoch } = run;
    await CancellationScope.nonCancellable(() => activities['suspension.close']({ runId, tenantId, epoch }));
  });
}
