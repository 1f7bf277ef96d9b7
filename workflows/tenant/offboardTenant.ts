import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { PlannedStep, RunInput, StepInput } from '#contracts/workflowInputs.ts';
import { AT_LENGTH, BATCH, COUNT, FIXED, REPORT, UNDO } from '../lib/policies.ts';
import { removeEach } from '../lib/removeEach.ts';
import { saga, type Deed, type TakeStep } from '../lib/saga.ts';
import { fixedStep } from '../lib/steps.ts';
import { waitingOf, type Waiting } from '../lib/waiting.ts';

const ledger = proxyLocalActivities<LedgerActivities>(REPORT);
const activities = proxyActivities<Activities>(FIXED);
const counting = proxyActivities<Activities>(COUNT);

/** Keeps a history short, however long a hold lasts. */
const looksInHistory = 300;

/**
 * Lets a tenant go: closed, copied, the copy verified and handed over, and after a time in which that can be undone erased. Until the
 * erasure begins a failure waits for a person, and a cancel gives back exactly what was; afterwards it goes on past each failure.
 */
export async function offboardTenant(run: RunInput): Promise<void> {
  const waiting = waitingOf(run);
  // A cancel that comes before anything is known is dealt with by the saga, which knows what to undo.
  const { isErasing, done } = await CancellationScope.nonCancellable(() => activities['offboarding.stage'](refOf(run)));
  let isOver = isErasing;
  const leave = async (step: TakeStep): Promise<void> => {
    for (const planned of stepsOfLeaving(run))
      await step(planned, done.includes(planned.id) ? alreadyDone : actOf(run, planned), undoOf(run, planned));
    isOver = await graceIsOver(run, waiting);
  };
  if (!isErasing) await saga(goingOn(run, done), leave, waiting);
  if (!isOver) return continueAsNew<typeof offboardTenant>(run);
  await CancellationScope.nonCancellable(() => erase(run));
}

/** What an execution before this one did is undone too, also when this one is cancelled before it comes to it. */
const goingOn = (run: RunInput, done: string[]): RunInput => ({
  ...run,
  steps: run.steps.map((planned) => (done.includes(planned.id) ? { ...planned, begunBefore: true as const } : planned)),
});

const alreadyDone: Deed = async () => undefined;
const refOf = ({ runId, tenantId, epoch }: RunInput) => ({ runId, tenantId, epoch });

/** Before the grace: what closes, copies and hands over. What removes has a resource, or serves outside. */
const stepsOfLeaving = (run: RunInput): PlannedStep[] =>
  run.steps.filter(({ position }) => position < fixedStep(run, 'grace').position);

const inputOf = (run: RunInput, planned: PlannedStep, intent: 'act' | 'undo'): StepInput => ({
  ...refOf(run),
  stepId: planned.id,
  resourceId: null,
  intent,
});

function actOf(run: RunInput, planned: PlannedStep): Deed {
  const patient = proxyActivities<Activities>({ ...AT_LENGTH(run.actAttempts), summary: planned.title });
  const input = inputOf(run, planned, 'act');
  if (planned.kind === 'check') return () => patient['export.check'](input);
  if (planned.provider === 'export') return () => patient['export.ensure'](input);
  if (planned.provider === 'handover') return () => patient['handover.ensure'](input);
  return () => patient['leaving.ensure'](input);
}

function undoOf(run: RunInput, planned: PlannedStep): Deed | null {
  const patient = proxyActivities<Activities>({ ...UNDO(run.undoPatienceSeconds), summary: planned.title });
  const input = inputOf(run, planned, 'undo');
  if (planned.kind === 'check') return null;
  if (planned.provider === 'export') return () => patient['export.destroy'](input);
  if (planned.provider === 'handover') return () => patient['handover.destroy'](input);
  return () => patient['leaving.destroy'](input);
}

/**
 * Waits to its last moment, by the clocks of both the workflow and the registry, and for as long as a legal hold forbids the erasure.
 * False when it has waited for as long as one history may tell of.
 */
async function graceIsOver(run: RunInput, waiting: Waiting): Promise<boolean> {
  const ref = { ...refOf(run), stepId: fixedStep(run, 'grace').id };
  for (let looks = 0; looks < looksInHistory; looks++) {
    const seen = waiting.signals();
    const answer = await activities['grace.look'](ref, Date.now());
    if (answer.isOver) return true;
    await condition(() => waiting.signals() > seen, answer.waitMs);
  }
  return false;
}

async function erase(run: RunInput): Promise<void> {
  const patient = proxyActivities<Activities>(BATCH);
  await counting['erasure.countBefore'](refOf(run), 'offboarding');
  const { position } = fixedStep(run, 'grace');
  await removeEach({ ...run, steps: run.steps.filter((planned) => planned.position > position) });
  await patient['erasure.removeExports'](refOf(run));
  await counting['erasure.countAfter'](refOf(run));
  const outcome = await ledger['ledger.closeRemoval'](refOf(run));
  const followUp = await activities['erasure.followUp'](refOf(run));
  if (followUp) await activities['run.start'](followUp);
  if (outcome !== 'succeeded')
    throw ApplicationFailure.create({ type: outcome, message: 'Not everything could be removed.', nonRetryable: true });
}
