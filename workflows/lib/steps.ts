import { proxyActivities, proxyLocalActivities, type ActivityOptions } from '@temporalio/workflow';
import type { CustomStepActivities } from '#activities/outside/customSteps.ts';
import type { StepActivity } from '#activities/tenant/resources.ts';
import type { AccessVerb, PlannedStep, RunInput, StepInput } from '#contracts/workflowInputs.ts';
import { actOnQueue, FOR_DAYS, undoOnQueue, WITHIN_ITS_TIME } from './customSteps.ts';
import { callService } from './httpSteps.ts';
import { ACT, AT_LENGTH, CALL, DELIVER, LOCAL_ACT, REPORT, UNDO } from './policies.ts';
import type { Deed } from './saga.ts';

const custom = proxyLocalActivities<CustomStepActivities>(REPORT);

type Verb = 'ensure' | 'destroy' | 'check' | AccessVerb;

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
        call(
          patienceOf(run, planned),
          planned,
          planned.kind === 'check' ? 'check' : makingVerb(planned),
          input(number),
        );
  }
}

/** What reads or writes as much as there is of a tenant takes its time. */
const atLength: ReadonlySet<string> = new Set(['restorable', 'present', 'restored']);
const patienceOf = ({ actAttempts }: RunInput, { provider }: PlannedStep): ActivityOptions =>
  atLength.has(provider) ? AT_LENGTH(actAttempts) : ACT(actAttempts);

/** What makes a resource what it is to be: all of it, or who may use it. */
const makingVerb = ({ verb }: PlannedStep): Verb => verb ?? 'ensure';
const opposite: Record<AccessVerb, AccessVerb> = { suspend: 'open', open: 'suspend' };

function callLocally(run: RunInput, planned: PlannedStep, input: StepInput): Promise<void> {
  const activities = proxyLocalActivities<Record<string, StepActivity>>({
    ...LOCAL_ACT(run.actAttempts),
    summary: planned.title,
  });
  return activities[`${planned.provider}.${makingVerb(planned)}`]!({ ...input, closes: true });
}

/** Null for a step that leaves nothing behind. */
export function undo(run: RunInput, planned: PlannedStep): Deed | null {
  if (planned.kind === 'check' || planned.kind === 'fixed') return null;
  const back: PlannedStep = planned.verb ? { ...planned, verb: opposite[planned.verb] } : planned;
  return (number) => takeBack(run, back, inputOf(run, planned, 'undo', number));
}

/**
 * A removal's step, or one that finishes a rollback: taking back is its act. What is served outside was done once for each input that it
 * was tried with.
 *
 * @returns false when there was nothing to take back: nobody was asked, or a workflow that is lost has seen to it
 */
export async function remove(run: RunInput, planned: PlannedStep): Promise<boolean> {
  const inputNumbers = planned.kind === 'resource' ? [1] : await custom['outside.inputsToUndo'](planned.id);
  for (const number of inputNumbers) await takeBack(run, planned, inputOf(run, planned, 'act', number));
  return inputNumbers.length > 0;
}

function takeBack(run: RunInput, planned: PlannedStep, input: StepInput): Promise<void> {
  const options = {
    ...UNDO(run.undoPatienceSeconds),
    ...(atLength.has(planned.provider) ? { startToCloseTimeout: AT_LENGTH(1).startToCloseTimeout! } : {}),
  };
  switch (planned.kind) {
    case 'custom':
      return undoOnQueue(run, planned, () => input);
    case 'http':
      return callService(run, planned, { verb: 'undo', input, options });
    default:
      return call(options, planned, planned.verb ?? 'destroy', input);
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
