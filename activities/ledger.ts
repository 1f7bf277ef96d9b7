import type { RunState, StepState } from '#contracts/runStates.ts';
import type { Hold, Reason, RunRef, Taken } from '#contracts/workflowInputs.ts';
import { closeDelivery, closeRemoval, closeRolledBackRun } from '#domain/runs/closeRun.ts';
import { closeFinish } from '#domain/runs/finishRollback.ts';
import { holdRun, parkRun, takeDecision, type Stop } from '#domain/runs/parkRun.ts';
import type { Deps } from './deps.ts';

/** What a workflow writes about itself; local activities, repeated without harm. */
export const ledgerActivities = ({ ledger }: Pick<Deps, 'ledger'>) => ({
  'ledger.finishStep': (step: RunRef & { stepId: string }, to: StepState, reason: Reason | null): Promise<void> =>
    ledger.finishStep(step, to, reason),
  'ledger.park': (stop: Stop, reason: Reason): Promise<void> => parkRun(ledger, stop, reason),
  'ledger.hold': (stop: Stop): Promise<Hold> => holdRun(ledger, stop),
  'ledger.takeDecision': (stop: Stop): Promise<Taken | null> => takeDecision(ledger, stop),
  'ledger.startRollback': (ref: RunRef, reason: Reason): Promise<void> => ledger.startRollback(ref, reason),
  'ledger.closeRolledBackRun': (ref: RunRef): Promise<RunState> => closeRolledBackRun(ledger, ref),
  'ledger.closeRemoval': (ref: RunRef): Promise<RunState> => closeRemoval(ledger, ref),
  'ledger.closeFinish': (ref: RunRef): Promise<RunState> => closeFinish(ledger, ref),
  'ledger.closeDelivery': (ref: RunRef, refusal: Reason | null): Promise<void> => closeDelivery(ledger, ref, refusal),
});

export type LedgerActivities = ReturnType<typeof ledgerActivities>;
