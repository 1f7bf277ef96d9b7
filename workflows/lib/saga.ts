import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  patched,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { PlannedStep, Reason, RunInput, Taken } from '#contracts/workflowInputs.ts';
import { REPORT } from './policies.ts';
import { reasonOf } from './reason.ts';
import { stepsOfBlueprint, undo } from './steps.ts';
import { waitingOf, type Waiting } from './waiting.ts';

const ledger = proxyLocalActivities<LedgerActivities>(REPORT);

/** An act or an undo, with which of the step's inputs. */
export type Deed = (inputNumber: number) => Promise<unknown>;
export type TakeStep = (planned: PlannedStep, act: Deed, undo: Deed | null) => Promise<void>;

/** What was promised for a step: one undo for each input that it was tried with. */
interface Promised {
  planned: PlannedStep;
  undo: Deed;
  inputNumbers: number[];
}

/**
 * Runs `body`; when a step fails or the run is cancelled, every promised undo runs in reverse, each excusing no other, and the
 * run is closed by what the ledger then says. The promise of a step is its ledger row, which was committed before this workflow
 * started; the undo is remembered before the act, because an act that timed out may have happened.
 */
export async function saga(
  run: RunInput,
  body: (step: TakeStep) => Promise<void>,
  waiting: Waiting = waitingOf(run),
): Promise<void> {
  const promised: Promised[] = [];

  try {
    await body((planned, act, undo) => takeStep(run, waiting, promised, { planned, act, undo }));
  } catch (error) {
    const begun = [...promised, ...promisedBefore(run, promised)].reverse();
    await CancellationScope.nonCancellable(() => rollBack(run, begun, reasonOf(error)));
  }
}

/** Until the step is done or skipped; throws when the run is to roll back. */
async function takeStep(
  run: RunInput,
  waiting: Waiting,
  promised: Promised[],
  { planned, act, undo }: { planned: PlannedStep; act: Deed; undo: Deed | null },
): Promise<void> {
  // A cancel that came during the step before: what was not begun needs no undo. What runs beside the workflow may have begun in
  // a workflow task that was lost with its worker.
  const mayHaveBegun = planned.isLocal || planned.kind === 'custom';
  if (!mayHaveBegun && CancellationScope.current().consideredCancelled && patched('unbegun-needs-no-undo'))
    throw new CancelledFailure('cancelled before this step');
  const promise = undo ? { planned, undo, inputNumbers: triedWith(planned) } : null;
  if (promise) promised.push(promise);
  let inputNumber = Math.max(...triedWith(planned));
  let failure: unknown = null;
  try {
    for (let skip = false; ;) {
      try {
        if (skip && promise) await keep(promise);
        else if (!skip) await act(inputNumber);
        if (skip) await report(run, planned, 'skipped', skippedByDecision);
        else if (!planned.isLocal) await report(run, planned, 'done', null);
        return;
      } catch (error) {
        if (isCancellation(error)) throw error;
        const reason = reasonOf(error);
        const held = reason.code === 'step_held';
        if (!held) failure = error;
        if (!held && planned.onFailure !== 'wait') throw error;
        const taken: Taken = await (held ? waiting.forRelease(planned) : waiting.forDecision(planned, reason));
        if (taken.kind === 'roll_back') throw failure ?? rolledBackByDecision();
        skip = taken.kind === 'skip';
        // Another input may have another effect: its undo is promised besides the ones before.
        if (taken.inputNumber !== null) promise?.inputNumbers.push((inputNumber = taken.inputNumber));
      }
    }
  } catch (error) {
    await report(run, planned, 'failed', reasonOf(error));
    throw error;
  }
}

const skippedByDecision: Reason = { code: 'skipped', text: 'Skipped by decision; what it had begun was undone.' };
const rolledBackByDecision = () =>
  ApplicationFailure.nonRetryable('Rolled back by decision.', 'rolled_back_by_decision');

/** The newest input's undo first; one that fails excuses no other. */
async function keep({ undo, inputNumbers }: Promised): Promise<void> {
  const failures: unknown[] = [];
  for (const inputNumber of inputNumbers.toReversed()) await undo(inputNumber).catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

const triedWith = ({ inputNumbers = [1] }: PlannedStep): number[] => [...inputNumbers];

/** What an earlier epoch began and this one did not reach: its promises stand. */
const promisedBefore = (run: RunInput, promised: Promised[]): Promised[] =>
  stepsOfBlueprint(run).flatMap((planned) => {
    const isLeft = planned.begunBefore && !promised.some((one) => one.planned.id === planned.id);
    const deed = isLeft ? undo(run, planned) : null;
    return deed ? [{ planned, undo: deed, inputNumbers: triedWith(planned) }] : [];
  });

async function rollBack(run: RunInput, promised: Promised[], reason: Reason): Promise<never> {
  const { runId, tenantId, epoch } = run;
  await ledger['ledger.startRollback']({ runId, tenantId, epoch }, reason);
  for (const promise of promised) {
    try {
      await keep(promise);
      await report(run, promise.planned, 'undone', null);
    } catch (error) {
      await report(run, promise.planned, 'undo_failed', reasonOf(error));
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
