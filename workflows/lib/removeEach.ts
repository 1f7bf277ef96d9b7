import type { RunInput } from '#contracts/workflowInputs.ts';
import { reasonOf } from './reason.ts';
import { report } from './saga.ts';
import { remove, stepsOfBlueprint } from './steps.ts';

/** Destroys the resources of a run's steps one after the other; a step that fails is written down and excuses no other. */
export async function removeEach(run: RunInput): Promise<void> {
  for (const planned of stepsOfBlueprint(run)) {
    try {
      await remove(run, planned)();
      await report(run, planned, 'done', null);
    } catch (error) {
      await report(run, planned, 'failed', reasonOf(error));
    }
  }
}
