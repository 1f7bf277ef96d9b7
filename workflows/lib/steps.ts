import { proxyActivities, proxyLocalActivities, type ActivityOptions } from '@temporalio/workflow';
import type { CustomStepActivities } from '#activities/customSteps.ts';
import type { StepActivity } from '#activities/resources.ts';
import type { PlannedStep, RunInput, StepInput } from '#contracts/workflowInputs.ts';
import { actOnQueue, FOR_DAYS, undoOnQueue, WITHIN_ITS_TIME } from './customSteps.ts';
import { callService } from './httpSteps.ts';
import { ACT, CALL, DELIVER, LOCAL_ACT, REPORT, UNDO } from './policies.ts';
import type { Deed } from './saga.ts';

const custom = proxyLocalActivities<CustomStepActivities>(REPORT);

type Verb = 'ensure' | 'destroy' | 'check';

/** `database.ensure`, `realm.destroy`, …: what the step's provider is called for, so that the Temporal UI tells the story. */
function call(options: ActivityOptions, planned: PlannedStep, verb: Verb, input: StepInput): Promise<void> {
  const activities = proxyActivities<Record<string, StepActivity>>({ ...options, summary: planned.title });
  const activity = activities[`${planned.provider}.${verb}`];
  if (!activity) throw new Error(`no activity ${planned.provider}.${verb}`);
  return activity(input);
}

const inputOf = (
  { runId, tenantId, epoch }: RunInput,
  planned: PlannedStep,
  intent: 'act' | 'undo',
  inputNumber = 1,
): StepInput => ({
  runId,
  tenantId,
  epoch,
  stepId: planned.id,
  resourceId: planned.resourceId,
  intent,
  inputNumber,
});

export function act(run: RunInput, planned: PlannedStep): Deed {
  const input = (number: number) => inputOf(run, planned, 'act', number);
  switch (planned.kind) {
    case 'custom':
      return (number) => actOnQueue(run, planned, () => input(number), WITHIN_ITS_TIME(run, planned));
    case 'http':
      return (number) =>
        callService(run, planned, { verb: 'act', input: input(number), options: CALL(run.actAttempts) });
    default:
      if (planned.isLocal) return (number) => callLocally(run, planned, input(number));
      return (number) =>
        call(ACT(run.actAttempts), planned, planned.kind === 'check' ? 'check' : 'ensure', input(number));
  }
}

function callLocally(run: RunInput, planned: PlannedStep, input: StepInput): Promise<void> {
  const activities = proxyLocalActivities<Record<string, StepActivity>>({
    ...LOCAL_ACT(run.actAttempts),
    summary: planned.title,
  });
  return activities[`${planned.provider}.ensure`]!({ ...input, closes: true });
}

/** Null for a step that leaves nothing behind. */
export function undo(run: RunInput, planned: PlannedStep): Deed | null {
  if (planned.kind === 'check' || planned.kind === 'fixed') return null;
  return (number) => takeBack(run, planned, inputOf(run, planned, 'undo', number));
}

/** A removal's step: taking back is its act. What is served outside was done once for each input that it was tried with. */
export const remove = (run: RunInput, planned: PlannedStep) => async (): Promise<void> => {
  if (planned.kind === 'resource') return takeBack(run, planned, inputOf(run, planned, 'act'));
  for (const number of await custom['outside.inputsToUndo'](planned.id))
    await takeBack(run, planned, inputOf(run, planned, 'act', number));
};

function takeBack(run: RunInput, planned: PlannedStep, input: StepInput): Promise<void> {
  const options = UNDO(run.undoPatienceSeconds);
  switch (planned.kind) {
    case 'custom':
      return undoOnQueue(run, planned, () => input);
    case 'http':
      return callService(run, planned, { verb: 'undo', input, options });
    default:
      return call(options, planned, 'destroy', input);
  }
}

/** A step after the doors: the same act, with days of patience. */
export const deliver = (run: RunInput, planned: PlannedStep) => async (): Promise<void> => {
  const input = inputOf(run, planned, 'act');
  return planned.kind === 'custom'
    ? actOnQueue(run, planned, () => input, FOR_DAYS(planned))
    : callService(run, planned, { verb: 'act', input, options: DELIVER });
};

export const stepsOfBlueprint = (run: RunInput): PlannedStep[] => run.steps.filter(({ kind }) => kind !== 'fixed');

/** One of the fixed steps around the blueprint's. */
export function fixedStep(run: RunInput, provider: string): PlannedStep {
  const found = run.steps.find((step) => step.kind === 'fixed' && step.provider === provider);
  if (!found) throw new Error(`the run has no step ${provider}`);
  return found;
}
