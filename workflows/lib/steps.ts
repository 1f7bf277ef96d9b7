import { proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { StepActivity } from '#activities/resources.ts';
import type { PlannedStep, RunInput, StepInput } from '#contracts/workflowInputs.ts';
import { ACT, UNDO } from './policies.ts';
import type { Deed } from './saga.ts';

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

export const act =
  (run: RunInput, planned: PlannedStep): Deed =>
  (inputNumber) =>
    call(
      ACT(run.actAttempts),
      planned,
      planned.kind === 'check' ? 'check' : 'ensure',
      inputOf(run, planned, 'act', inputNumber),
    );

/** Null for a step that leaves nothing behind. */
export const undo = (run: RunInput, planned: PlannedStep): Deed | null =>
  planned.kind === 'resource'
    ? (inputNumber) =>
        call(UNDO(run.undoPatienceSeconds), planned, 'destroy', inputOf(run, planned, 'undo', inputNumber))
    : null;

/** A removal's step: destroying is its act. */
export const remove = (run: RunInput, planned: PlannedStep) => (): Promise<void> =>
  call(UNDO(run.undoPatienceSeconds), planned, 'destroy', inputOf(run, planned, 'act'));

export const stepsOfBlueprint = (run: RunInput): PlannedStep[] => run.steps.filter(({ kind }) => kind !== 'fixed');

/** One of the fixed steps around the blueprint's. */
export function fixedStep(run: RunInput, provider: string): PlannedStep {
  const found = run.steps.find((step) => step.kind === 'fixed' && step.provider === provider);
  if (!found) throw new Error(`the run has no step ${provider}`);
  return found;
}
