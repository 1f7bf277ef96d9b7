import { isHolding, type RunbookStep } from '#contracts/runbooks/steps.ts';

/** By their own budgets: of what follows each other the sum, of what goes beside each other the longest. */
export const shortestSeconds = (steps: readonly RunbookStep[]): number =>
  steps.reduce((sum, step) => sum + secondsOf(step), 0);

function secondsOf(step: RunbookStep): number {
  if (isHolding(step))
    return step.kind === 'sequence' ? shortestSeconds(step.steps) : Math.max(0, ...step.steps.map(secondsOf));
  if (step.kind === 'wait') return step.seconds;
  return step.budgetSeconds ?? 0;
}
