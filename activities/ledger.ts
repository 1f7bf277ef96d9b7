import type { RunState, StepState } from '#contracts/runStates.ts';
import type { Hold, Reason, RunRef, Taken } from '#contracts/workflowInputs.ts';
import { closeDelivery, closeRemoval, closeRolledBackRun } from '#domain/runs/ending/closeRun.ts';
import { closeFinish } from '#domain/runs/ending/finishRollback.ts';
import { holdRun, parkRun, takeDecision, type Stop } from '#domain/runs/deciding/parkRun.ts';
import type { Deps } from './deps.ts';

/** What a workflow writes about itself; local activities, repeated without harm. */
export const ledgerActivities = ({
  ledger,
  configuration,
  startRun,
}: Pick<Deps, 'ledger' | 'configuration' | 'startRun'>) => ({
  'ledger.finishStep': (step: RunRef & { stepId: string }, to: StepState, reason: Reason | null): Promise<void> =>
    ledger.finishStep(step, to, reason),
  'ledger.park': (stop: Stop, reason: Reason): Promise<void> => parkRun(ledger, stop, reason),
  'ledger.hold': (stop: Stop): Promise<Hold> => holdRun(ledger, stop),
  'ledger.takeDecision': (stop: Stop): Promise<Taken | null> => takeDecision(ledger, stop),
  'ledger.startRollback': (ref: RunRef, reason: Reason): Promise<void> => ledger.startRollback(ref, reason),
  'ledger.closeRolledBackRun': (ref: RunRef): Promise<RunState> => closeRolledBackRun(ledger, ref),
  'ledger.closeRemoval': (ref: RunRef): Promise<RunState> => closeRemoval(ledger, ref, configuration.erasure),
  'ledger.closeFinish': (ref: RunRef): Promise<RunState> => closeFinish(ledger, ref),
  async 'ledger.closeDelivery'(ref: RunRef, refusal: Reason | null): Promise<void> {
    const next = await closeDelivery(ledger, ref, refusal);
    // What does not start now, the reconciler starts: the delivery is closed.
    if (next) await startRun(next).catch(() => undefined);
  },
});

export type LedgerActivities = ReturnType<typeof ledgerActivities>;
