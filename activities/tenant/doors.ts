import type { RunRef } from '#contracts/workflowInputs.ts';
import { closeDoors, openDoors } from '#domain/runs/doors.ts';
import type { Deps } from '../deps.ts';

/** The fixed steps around a blueprint's: from when to when a tenant can be seen. */
export const doors = ({ ledger, startRun }: Pick<Deps, 'ledger' | 'startRun'>) => ({
  'doors.open': (input: RunRef & { stepId: string }): Promise<string[]> => openDoors(ledger, input),
  'doors.close': (input: RunRef & { stepId: string }): Promise<void> => closeDoors(ledger, input),
  /** Starts a run that an earlier one opened; safe to repeat. */
  'run.start': (runId: string): Promise<void> => startRun(runId),
});
