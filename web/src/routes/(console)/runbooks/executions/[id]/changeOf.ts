import type { Execution } from '#contracts/runbooks/executions.ts';
import { executionWord, stepWord } from '#lib/runbooks/runbookWords.ts';

/** What is new, in a sentence for those who listen instead of looking; empty when nothing worth saying changed. */
export function changeOf(before: Execution, after: Execution): string {
  if (before.state !== after.state) return `${executionWord(after).title}.${after.reason ? ` ${after.reason}` : ''}`;
  const known = new Map(before.steps.map((step) => [step.id, stepWord(step).title]));
  return after.steps
    .filter((step) => known.get(step.id) !== stepWord(step).title && step.state !== 'running')
    .map((step) => `${step.title}: ${stepWord(step).title}.`)
    .join(' ');
}
