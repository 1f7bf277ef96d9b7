import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';
import { saga } from '../lib/saga.ts';
import { act, stepsOfBlueprint, undo } from '../lib/steps.ts';

const activities = proxyActivities<Activities>(FIXED);

/**
 * Puts what a backup holds in the place of what a tenant has, behind closed doors, after that was backed up itself; or leaves everything as it was. A
 * restore beside is the provisioning of another tenant, with a step that fills it.
 */
export async function restoreTenant(run: RunInput): Promise<void> {
  await saga(run, async (step) => {
    for (const planned of stepsOfBlueprint(run)) await step(planned, act(run, planned), undo(run, planned));
    const { runId, tenantId, epoch } = run;
    await CancellationScope.nonCancellable(() => activities['restore.close']({ runId, tenantId, epoch }));
  });
}
