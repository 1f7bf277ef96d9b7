import { saga } from '#workflows/lib/saga.ts';
import { act, stepsOfBlueprint, undo } from '#workflows/lib/steps.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';

/** The product's saga over steps that are transactions in PostgreSQL: promised before the act, fenced, in the ledger, sealed. */
export async function eightPromisedSteps(run: RunInput): Promise<void> {
  await saga(run, async (step) => {
    for (const planned of stepsOfBlueprint(run)) await step(planned, act(run, planned), undo(run, planned));
  });
}
