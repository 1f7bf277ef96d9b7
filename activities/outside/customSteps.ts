import type { CustomStep } from '#contracts/blueprints.ts';
import { DomainError } from '#contracts/errors.ts';
import type { RunRef, StepInput } from '#contracts/workflowInputs.ts';
import {
  inputsToUndo,
  markNeverReached,
  markReached,
  markUndone,
  prepareAct,
  prepareUndo,
  type OutsideCall,
} from '#domain/outside/outsideCalls.ts';
import { keepOutput } from '#domain/outside/stepOutputs.ts';
import type { Deps } from '../deps.ts';

type WhichInput = Pick<OutsideCall, 'stepId' | 'number'>;
type CalledStep = RunRef & WhichInput;

/** What happens here around an activity that a worker of the SaaS team serves. Local activities, repeated without harm. */
export const customSteps = (deps: Pick<Deps, 'registry' | 'tenantKeys'>) => ({
  /** From here on the act counts as begun: the worker may have it before anybody here knows. */
  async 'custom.begin'(input: StepInput): Promise<{ call: OutsideCall; isFirst: boolean }> {
    const { call } = await prepareAct<CustomStep>(deps, input);
    return { call, isFirst: await markReached(deps.registry.em.fork(), call) };
  },

  /** Refuses with `output_invalid`. */
  async 'custom.finish'({ tenantId, stepId }: CalledStep, answer: unknown): Promise<void> {
    const unreadable = (answer as { unreadable?: unknown } | null | undefined)?.unreadable;
    if (typeof unreadable === 'string')
      throw new DomainError('output_invalid', `The worker's answer cannot be read: ${unreadable}.`);
    await keepOutput(deps.registry.em.fork(), deps.tenantKeys, { tenantId, stepId }, answer);
  },

  'custom.neverBegun': ({ stepId, number }: WhichInput): Promise<void> =>
    markNeverReached(deps.registry.em.fork(), { stepId, number }),

  /** Null when there is nothing to undo. */
  async 'custom.beginUndo'(input: StepInput): Promise<OutsideCall | null> {
    return (await prepareUndo<CustomStep>(deps, input))?.call ?? null;
  },

  'custom.undone': ({ stepId, number }: WhichInput): Promise<void> =>
    markUndone(deps.registry.em.fork(), { stepId, number }),

  /** For a run that knows a step from the ledger alone. */
  'outside.inputsToUndo': (stepId: string): Promise<number[]> => inputsToUndo(deps.registry.em.fork(), stepId),
});

export type CustomStepActivities = ReturnType<typeof customSteps>;
