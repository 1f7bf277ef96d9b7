import type { Run } from '#contracts/runs.ts';
import { runStateWords, stepStateWords } from '#lib/display/words.ts';

/** What is new, in one sentence for those who listen instead of looking; empty when nothing worth saying changed. */
export function changeOf(before: Run, after: Run): string {
  if (before.state !== after.state) {
    return `${runStateWords[after.state].title}.${after.reason ? ` ${after.reason}` : ''}`;
  }
  const known = new Map(before.steps.map(({ id, state }) => [id, state]));
  const changed = after.steps.filter(({ id, state }) => known.get(id) !== state && state !== 'running');
  return changed.map(({ title, state }) => `${title}: ${stepStateWords[state].title}.`).join(' ');
}
