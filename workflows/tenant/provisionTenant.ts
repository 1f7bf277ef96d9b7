import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';
import { saga } from '../lib/saga.ts';
import { act, fixedStep, stepsOfBlueprint, undo } from '../lib/steps.ts';

const activities = proxyActivities<Activities>(FIXED);

/** Gives a tenant the resources of its blueprint and opens its doors, or leaves nothing behind. */
export async function provisionTenant(run: RunInput): Promise<void> {
  await saga(run, async (step) => {
    for (const planned of stepsOfBlueprint(run)) await step(planned, act(run, planned), undo(run, planned));
    await openDoors(run);
  });
}

/** The point of no return: it writes `succeeded`. Not cancellable, because half an answer would leave the question open. */
async function openDoors(run: RunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  await CancellationScope.nonCancellable(async () => {
    const opened = await activities['doors.open']({ runId, tenantId, epoch, stepId: fixedStep(run, 'doors').id });
    for (const deliveryRunId of idsOf(opened)) await activities['run.start'](deliveryRunId);
  });
}

/** Histories from before steps could follow the doors tell one id, or none. */
const idsOf = (opened: string[] | string | null): string[] => (opened === null ? [] : [opened].flat());
