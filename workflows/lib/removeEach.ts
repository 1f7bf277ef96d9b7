import type { Reason, RunInput } from '#contracts/workflowInputs.ts';
import { reasonOf } from './reason.ts';
import { report } from './saga.ts';
import { remove, stepsOfBlueprint } from './steps.ts';

/** Destroys the resources of a run's steps one after the other; a step that fails is written down and excuses no other. */
export async function removeEach(run: RunInput): Promise<void> {
  for (const planned of stepsOfBlueprint(run)) {
    try {
      if (await remove(run, planned)) await report(run, planned, 'done', null);
      else await report(run, planned, 'skipped', nothingToTakeBack);
    } catch (error) {
      await report(run, planned, 'failed', reasonOf(error));
    }
  }
}

const nothingToTakeBack: Reason = { code: 'nothing_to_undo', text: 'There was nothing to take back any more.' };
