import type { LeafStep } from '#contracts/runbooks/steps.ts';
import type { ExecutionRecord, Outcome, StepRecord } from './state.ts';
import type { Advance } from './turn.ts';

/**
 * The way back: what this execution carried out and declares how to take back is taken back, one after the other, the last first. One
 * that fails excuses no other: it waits for a person while the others go on.
 *
 * @returns how it ended; null while there is something to do or to wait for
 */
export function takeBack(leaves: LeafStep[], execution: ExecutionRecord, turn: Advance): Outcome | null {
  if (execution.direction === 'forward') return null;
  const steps = leaves.map((leaf) => ({ leaf, step: turn.of(leaf) }));
  // A late effect of what is still under way would outlive its own undo.
  if (steps.some(({ step }) => step.state === 'running')) return null;
  for (const { step } of steps) settle(step, turn);

  const open = steps.filter((one) => isToUndo(one)).sort((a, b) => (b.step.ended ?? 0) - (a.step.ended ?? 0));
  const isAtOne = steps.some(({ step }) => step.state === 'undoing');
  if (!isAtOne && open[0]) turn.beginUndo(open[0].leaf, open[0].step);
  if (steps.some(({ step }) => step.state === 'undoing' || (step.state === 'undo_failed' && !step.isAccepted))) {
    for (const { step } of steps) askForFailed(step, turn);
    return null;
  }
  if (steps.some(({ step }) => step.state === 'undo_failed')) return 'needs_attention';
  if (execution.direction === 'clearing') return 'succeeded';
  return execution.cancelRequested ? 'cancelled' : 'rolled_back';
}

/** Nobody is waited for any more at steps of the way forth. */
function settle(step: StepRecord, turn: Advance): void {
  if (step.state === 'waiting')
    turn.end(
      step,
      step.wasBegun ? 'failed' : 'skipped',
      step.reason ?? { code: 'stopped', text: 'The execution stopped.' },
    );
}

const isToUndo = ({ leaf, step }: { leaf: LeafStep; step: StepRecord }): boolean =>
  leaf.undo !== null && step.wasBegun && step.mode === 'act' && ['done', 'failed', 'skipped'].includes(step.state);

function askForFailed(step: StepRecord, turn: Advance): void {
  if (step.state !== 'undo_failed' || step.isAccepted || step.waitsFor === 'decision') return;
  step.waitsFor = 'decision';
  turn.tell('undo_asked', step.key, step.reason ?? { code: 'undo_failed', text: 'It could not be taken back.' });
}
