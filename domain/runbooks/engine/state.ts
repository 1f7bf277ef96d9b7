import type { StepState } from '#contracts/runStates.ts';
import type { Reason } from '#contracts/workflowInputs.ts';
import type { StepDecisionKind, WaitsFor } from '#contracts/runbooks/executions.ts';

/** How a step is carried out in this execution, settled when it starts. */
export type StepMode = 'act' | 'rehearse' | 'skip' | 'stop' | 'passed';

/** What a person told a step that the next turn takes into account. */
export type Told =
  { kind: StepDecisionKind; reason?: string } | { kind: 'done' } | { kind: 'failed'; reason: string; code?: string };

/** Where one step is, as its journal says: rows of the registry, or lines of a file. Times are milliseconds of the Unix clock. */
export interface StepRecord {
  key: string;
  state: StepState;
  mode: StepMode;
  waitsFor: WaitsFor | null;
  /** How often it was begun anew: a retry is another round. Its deeds carry the number, so that a late one is known. */
  round: number;
  /** Whether an attempt of its act may have had an effect. */
  wasBegun: boolean;
  breakpoint: boolean;
  told: Told | null;
  startedAt: number | null;
  until: number | null;
  overran: boolean;
  /** Its place among those that ended, from 1; compensation goes backwards by it. */
  ended: number | null;
  /** It failed, and the execution goes on. Or its undo failed, and a person left it so. */
  isAccepted: boolean;
  reason: Reason | null;
  /** Of an approval: how many approve what is executed now, and whether somebody refused. */
  approvals: { count: number; refused: boolean } | null;
}

/** `forward`, `back` when it stops and takes back, `clearing` when a practice leaves nothing behind. */
export type Direction = 'forward' | 'back' | 'clearing';

export interface ExecutionRecord {
  now: number;
  startedAt: number | null;
  isPractice: boolean;
  direction: Direction;
  /** Why it goes back. */
  stopped: Reason | null;
  /** Why it must not go on, whatever anybody told it. */
  broken: Reason | null;
  pauseRequested: boolean;
  cancelRequested: boolean;
  overran: boolean;
  steps: Map<string, StepRecord>;
}

export type Outcome = 'succeeded' | 'rolled_back' | 'cancelled' | 'needs_attention';

/** One thing that a turn changed, as the timeline tells it. */
export interface Move {
  is:
    | 'started'
    | 'begun'
    | 'opened'
    | 'held'
    | 'released'
    | 'done'
    | 'passed'
    | 'skipped'
    | 'failed'
    | 'asked'
    | 'undo_begun'
    | 'undone'
    | 'undo_asked'
    | 'left'
    | 'overran'
    | 'stopped'
    | 'ended';
  key: string | null;
  reason?: Reason;
}

/** What is to be carried out now; the same deed is named in every turn until it is reported. */
export interface Deed {
  key: string;
  verb: 'act' | 'rehearse' | 'undo';
  round: number;
}

export interface Turn {
  moves: Move[];
  deeds: Deed[];
  /** Deeds whose step has moved on: whoever is at them is told to stop. */
  dropped: Deed[];
  /** When the clock alone changes something. */
  wakeAt: number | null;
  outcome: Outcome | null;
}

export const newStep = (key: string, mode: StepMode, breakpoint = false): StepRecord => ({
  key,
  state: 'pending',
  mode,
  waitsFor: null,
  round: 0,
  wasBegun: false,
  breakpoint,
  told: null,
  startedAt: null,
  until: null,
  overran: false,
  ended: null,
  isAccepted: false,
  reason: null,
  approvals: null,
});

/** What a person may tell a step where it is now. */
export function possibleDecisions(
  step: StepRecord,
  leaf: { skippable: boolean },
  direction: Direction,
): StepDecisionKind[] {
  if (step.told) return [];
  if (step.state === 'undo_failed') return ['retry', 'leave'];
  if (direction !== 'forward') return step.state === 'undoing' && step.waitsFor === 'person' ? ['leave'] : [];
  const skip: StepDecisionKind[] = leaf.skippable ? ['skip'] : [];
  switch (step.waitsFor) {
    case 'decision':
      return [...(step.mode === 'stop' ? [] : (['retry'] as const)), ...skip, 'stop'];
    case 'breakpoint':
      return ['continue', ...skip, 'stop'];
    case 'pause':
      return [...skip, 'stop'];
    case 'person':
    case 'approval':
    case 'time':
      return [...skip, 'stop'];
    case null:
      return step.state === 'running' ? [...skip, 'stop'] : [];
  }
}

/** What is to be carried out of a step now. */
export function deedOf(step: StepRecord): Deed | null {
  const { key, round } = step;
  if (step.waitsFor !== null) return null;
  if (step.state === 'undoing') return { key, verb: 'undo', round };
  if (step.state !== 'running') return null;
  return { key, verb: step.mode === 'rehearse' ? 'rehearse' : 'act', round };
}
