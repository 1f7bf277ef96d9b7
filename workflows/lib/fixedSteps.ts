import type { RunInput, RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { reasonOf } from './reason.ts';
import { report } from './saga.ts';
import { fixedStep } from './steps.ts';

type Deed = (input: StepInput) => Promise<void>;

export const refOf = ({ runId, tenantId, epoch }: RunInput): RunRef => ({ runId, tenantId, epoch });

/** One fixed step of a run that is no saga of resources: what becomes of it is written to the ledger, and a failure goes on to the caller. */
export async function takeFixed(run: RunInput, provider: string, act: Deed): Promise<void> {
  const planned = await tried(run, provider, act);
  await report(run, planned, 'done', null);
}

/** The same by a local activity, a short transaction in the registry that writes itself that it is done. */
export async function takeBeside(run: RunInput, provider: string, act: Deed): Promise<void> {
  await tried(run, provider, (input) => act({ ...input, closes: true }));
}

/** The way back of one, whether or not it was begun. */
export async function undoFixed(run: RunInput, provider: string, act: Deed): Promise<void> {
  const planned = fixedStep(run, provider);
  await act(inputOf(run, planned.id, 'undo'));
  await report(run, planned, 'undone', null);
}

async function tried(run: RunInput, provider: string, act: Deed): Promise<ReturnType<typeof fixedStep>> {
  const planned = fixedStep(run, provider);
  try {
    await act(inputOf(run, planned.id, 'act'));
  } catch (error) {
    await report(run, planned, 'failed', reasonOf(error));
    throw error;
  }
  return planned;
}

const inputOf = (run: RunInput, stepId: string, intent: 'act' | 'undo'): StepInput => ({
  ...refOf(run),
  stepId,
  resourceId: null,
  intent,
});
