import type { Reason } from '#contracts/workflowInputs.ts';
import type { StepDecisionKind } from '#contracts/runbooks/executions.ts';
import type { InputValues, RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import type { Deed, Direction, Move, Outcome, StepRecord } from '../engine/state.ts';

/** What an execution is, from its first line on. */
export interface OpenedFile {
  executionId: string;
  runbook: string;
  digest: string;
  definition: RunbookDefinition;
  inputs: InputValues;
  practice: boolean;
  /** A name that somebody gave: there is no registry that knows people. */
  startedBy: string;
  boundTo: string;
}

/** What the interpreter keeps beside its steps. */
export interface Head {
  startedAt: number | null;
  direction: Direction;
  stopped: Reason | null;
  overran: boolean;
}

/** One line of the journal: what happened, in the order in which it did. */
export type Happening =
  | { kind: 'opened'; execution: OpenedFile }
  | { kind: 'turned'; moves: Move[]; head: Head; steps: StepRecord[]; outcome: Outcome | null }
  | { kind: 'begun'; deed: Deed }
  | { kind: 'tried'; deed: Deed; reason: Reason }
  | {
      kind: 'reported';
      deed: Deed;
      state: 'done' | 'failed' | 'undone' | 'undo_failed';
      reason: Reason | null;
      output: Record<string, unknown> | null;
    }
  | { kind: 'decided'; key: string; decision: StepDecisionKind; by: string; note: string }
  | {
      kind: 'completed';
      key: string;
      outcome: 'done' | 'failed';
      by: string;
      note: string;
      answers: Record<string, unknown>;
    }
  | { kind: 'verdict'; key: string; round: number; verdict: 'approve' | 'refuse'; by: string; note: string; boundTo: string } // prettier-ignore
  | { kind: 'resumed'; by: string };

export interface Entry {
  number: number;
  /** RFC 3339. */
  at: string;
  is: Happening;
}
