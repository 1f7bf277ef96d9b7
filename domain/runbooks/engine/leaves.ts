import type { LeafStep, RunbookStep } from '#contracts/runbooks/steps.ts';

/** Those that do something, in the order in which they are written. */
export const leavesIn = (steps: readonly RunbookStep[]): LeafStep[] =>
  steps.flatMap((step) => ('steps' in step ? leavesIn(step.steps) : [step]));
