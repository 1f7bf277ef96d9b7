/** The states of runs and steps, and the one table of the moves between them. Pure: workflows import it too. */

export const runStates = [
  'queued',
  'running',
  'waiting',
  'paused',
  'rolling_back',
  'succeeded',
  'rolled_back',
  'cancelled',
  'needs_attention',
] as const;
export type RunState = (typeof runStates)[number];

export const stepStates = [
  'pending',
  'running',
  'waiting',
  'done',
  'failed',
  'skipped',
  'undoing',
  'undone',
  'undo_failed',
] as const;
export type StepState = (typeof stepStates)[number];

export const terminalRunStates = ['succeeded', 'rolled_back', 'cancelled', 'needs_attention'] as const;

const runMoves: Record<RunState, readonly RunState[]> = {
  queued: ['running', 'waiting', 'paused', 'rolling_back', 'cancelled', 'rolled_back', 'needs_attention'],
  // What a run of the platform did for one tenant after another stays when it is cancelled: nothing is rolled back then.
  running: ['waiting', 'paused', 'rolling_back', 'succeeded', 'cancelled', 'needs_attention'],
  waiting: ['running', 'paused', 'rolling_back', 'cancelled', 'needs_attention'],
  paused: ['running', 'waiting', 'rolling_back', 'cancelled', 'needs_attention'],
  rolling_back: ['rolled_back', 'cancelled', 'needs_attention'],
  succeeded: [],
  rolled_back: [],
  cancelled: [],
  // The only late move: a finishing run completes what an earlier one had to leave.
  needs_attention: ['rolled_back', 'succeeded'],
};

const stepMoves: Record<StepState, readonly StepState[]> = {
  pending: ['running', 'waiting', 'skipped', 'undoing', 'undone'],
  running: ['waiting', 'done', 'failed', 'skipped', 'undoing'],
  waiting: ['running', 'skipped', 'undoing', 'failed'],
  done: ['undoing', 'undone'],
  failed: ['running', 'waiting', 'skipped', 'undoing', 'undone'],
  skipped: ['undoing', 'undone'],
  // To skip a step is to undo it first; when that fails, a person is asked again.
  undoing: ['undone', 'undo_failed', 'skipped', 'waiting'],
  undone: [],
  undo_failed: ['undoing'],
};

export const runMayMove = (from: RunState, to: RunState): boolean => runMoves[from].includes(to);
export const stepMayMove = (from: StepState, to: StepState): boolean => stepMoves[from].includes(to);
export const runIsOver = (state: RunState): boolean => (terminalRunStates as readonly RunState[]).includes(state);

/** The states from which `to` may be reached: what a compare-and-set names in its WHERE. */
export const runStatesBefore = (to: RunState): RunState[] => runStates.filter((from) => runMayMove(from, to));
export const stepStatesBefore = (to: StepState): StepState[] => stepStates.filter((from) => stepMayMove(from, to));
