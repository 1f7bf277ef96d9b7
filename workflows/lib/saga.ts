import { ApplicationFailure, CancellationScope, CancelledFailure, proxyLocalActivities } from '@temporalio/workflow';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { PlannedStep, Reason, RunInput } from '#contracts/workflowInputs.ts';
import { REPORT } from './policies.ts';
import { reasonOf } from './reason.ts';

const ledger = proxyLocalActivities<LedgerActivities>(REPORT);

export type TakeStep = (
  planned: PlannedStep,
  act: () => Promise<unknown>,
  undo: (() => Promise<unknown>) | null,
) => Promise<void>;

/**
 * Runs `body`; when a step fails or the run is cancelled, every promised undo runs in reverse, each excusing no other, and the
 * run is closed by what the ledger then says. The promise of a step is its ledger row, which was committed before this workflow
 * started; the undo is remembered before the act, because an act that timed out may have happened.
 */
export async function saga(run: RunInput, body: (step: TakeStep) => Promise<void>): Promise<void> {
  const promised: { planned: PlannedStep; undo: () => Promise<unknown> }[] = [];

  try {
    await body(async (planned, act, undo) => {
      if (undo) promised.push({ planned, undo });
      try {
        await act();
      } catch (error) {
        await report(run, planned, 'failed', reasonOf(error));
        throw error;
      }
      await report(run, planned, 'done', null);
    });
  } catch (error) {
    await CancellationScope.nonCancellable(() => rollBack(run, promised.reverse(), reasonOf(error)));
  }
}

async function rollBack(
  run: RunInput,
  promised: { planned: PlannedStep; undo: () => Promise<unknown> }[],
  reason: Reason,
): Promise<never> {
  const { runId, tenantId, epoch } = run;
  await ledger['ledger.startRollback']({ runId, tenantId, epoch }, reason);
  for (const { planned, undo } of promised) {
    try {
      await undo();
      await report(run, planned, 'undone', null);
    } catch (error) {
      await report(run, planned, 'undo_failed', reasonOf(error));
    }
  }
  const outcome = await ledger['ledger.closeRolledBackRun']({ runId, tenantId, epoch });
  // The execution ends as what it was, so that the Temporal UI's own filters find it.
  if (outcome === 'cancelled') throw new CancelledFailure('cancelled on request; everything was undone');
  throw ApplicationFailure.create({ type: outcome, message: reason.text, nonRetryable: true });
}

/** In a non-cancellable scope: what happened is written even when the run was cancelled meanwhile. */
export async function report(
  { runId, tenantId, epoch }: RunInput,
  planned: PlannedStep,
  to: 'done' | 'failed' | 'skipped' | 'undone' | 'undo_failed',
  reason: Reason | null,
): Promise<void> {
  await CancellationScope.nonCancellable(() =>
    ledger['ledger.finishStep']({ runId, tenantId, epoch, stepId: planned.id }, to, reason),
  );
}
