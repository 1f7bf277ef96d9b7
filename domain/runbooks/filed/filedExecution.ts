import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Reason } from '#contracts/workflowInputs.ts';
import type { StepDecisionKind } from '#contracts/runbooks/executions.ts';
import type { InputValues, RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { leavesOf, type LeafStep } from '#contracts/runbooks/steps.ts';
import { carriedOut } from '../catalogue.ts';
import { refuseMissing } from '../deciding/decideStep.ts';
import { boundTo, digestOf } from '../digests.ts';
import { newStep, possibleDecisions, type Deed, type ExecutionRecord, type Outcome, type StepRecord, type Turn } from '../engine/state.ts'; // prettier-ignore
import type { Known } from '../engine/references.ts';
import { takeTurn } from '../engine/turn.ts';
import { carriedOutSteps } from '../executing/journal.ts';
import type { Entry, Happening, Head, OpenedFile } from './entries.ts';
import type { JournalFile } from './journalFile.ts';

/** What is going to be carried out, before a journal says so. */
export interface NewFiledExecution {
  runbook: string;
  definition: RunbookDefinition;
  inputs: InputValues;
  practice: boolean;
  startedBy: string;
}

/** What a file binds to: it has no versions, and its digest says which text it is. */
export function bindingOf({ runbook, definition, inputs, practice }: Omit<NewFiledExecution, 'startedBy'>): string {
  return boundTo({ runbook, version: 0, digest: digestOf(definition), inputs, practice, startAt: null });
}

/** An execution by its journal: the same interpreter as by rows, and every change is a line before anything follows from it. */
export class FiledExecution {
  readonly opened: OpenedFile;
  /** As it is carried out: in practice other steps may stand for those of the runbook. */
  readonly definition: RunbookDefinition;
  readonly steps = new Map<string, StepRecord>();
  readonly outputs: Record<string, Record<string, unknown> | null> = {};
  readonly attempts = new Map<string, number>();
  outcome: Outcome | null = null;
  head: Head = { startedAt: null, direction: 'forward', stopped: null, overran: false };
  readonly #journal: JournalFile;

  constructor(journal: JournalFile) {
    this.#journal = journal;
    const [first, ...others] = journal.entries;
    if (first?.is.kind !== 'opened') throw new Error('the journal has no beginning');
    this.opened = first.is.execution;
    const { definition, practice } = this.opened;
    this.definition = { ...definition, steps: carriedOutSteps(definition.steps, practice) };
    for (const leaf of leavesOf(definition.steps))
      this.steps.set(leaf.id, newStep(leaf.id, carriedOut(leaf, practice).mode));
    for (const { is } of others) this.#apply(is);
  }

  /** Begins a journal that has no line yet. */
  static begin(journal: JournalFile, wanted: NewFiledExecution, now: Date): FiledExecution {
    const execution = {
      ...wanted,
      executionId: newId(),
      digest: digestOf(wanted.definition),
      boundTo: bindingOf(wanted),
    };
    journal.append({ kind: 'opened', execution }, now);
    return new FiledExecution(journal);
  }

  get entries(): readonly Entry[] {
    return this.#journal.entries;
  }

  get known(): Known {
    return { inputs: this.opened.inputs, steps: this.outputs };
  }

  leafOf(key: string): LeafStep {
    const leaf = leavesOf(this.definition.steps).find(({ id }) => id === key);
    if (!leaf) throw new Error(`the runbook has no step ${key}`);
    return leaf;
  }

  /** What became of it since is worked out and written; nothing is written where nothing changed. */
  turn(now: Date): Turn {
    if (this.outcome) return { moves: [], deeds: [], dropped: [], wakeAt: null, outcome: this.outcome };
    const isHeard = [...this.steps.values()].some(({ told }) => told !== null);
    const after = this.#record(now.getTime());
    const turn = takeTurn(this.definition, after);
    if (turn.moves.length === 0 && !isHeard) return turn;
    const { startedAt, direction, stopped, overran } = after;
    const steps = [...after.steps.values()].filter(
      (step) => JSON.stringify(step) !== JSON.stringify(this.steps.get(step.key)),
    );
    const { moves, outcome } = turn;
    this.#tell({ kind: 'turned', moves, head: { startedAt, direction, stopped, overran }, steps, outcome }, now);
    return turn;
  }

  begin(deed: Deed, now: Date): void {
    this.#tell({ kind: 'begun', deed }, now);
  }

  tried(deed: Deed, reason: Reason, now: Date): void {
    this.#tell({ kind: 'tried', deed, reason }, now);
  }

  /** Too late for a step that has moved on: then nothing is written. */
  report(deed: Deed, outcome: { reason: Reason } | { output: Record<string, unknown> | null }, now: Date): void {
    const step = this.#step(deed.key);
    if (step.round !== deed.round || step.state !== (deed.verb === 'undo' ? 'undoing' : 'running')) return;
    const isUndo = deed.verb === 'undo';
    if ('reason' in outcome)
      this.#tell({ kind: 'reported', deed, state: isUndo ? 'undo_failed' : 'failed', reason: outcome.reason, output: null }, now); // prettier-ignore
    else
      this.#tell({ kind: 'reported', deed, state: isUndo ? 'undone' : 'done', reason: null, output: outcome.output }, now); // prettier-ignore
  }

  /** Refuses with `decision_not_possible`, `input_invalid` where a reason is missing. */
  decide(key: string, told: { decision: StepDecisionKind; by: string; note: string }, now: Date): void {
    const possible = possibleDecisions(this.#step(key), this.leafOf(key), this.head.direction);
    if (!possible.includes(told.decision))
      throw new DomainError('decision_not_possible', `"${key}" cannot be told to ${told.decision} now: ${possible.join(', ') || 'nothing can be decided'}.`); // prettier-ignore
    if ((told.decision === 'skip' || told.decision === 'leave') && told.note.length < 3)
      throw new DomainError('input_invalid', `Say why "${key}" is told to ${told.decision}.`);
    this.#tell({ kind: 'decided', key, ...told }, now);
  }

  /** Refuses with `decision_not_possible`, `input_invalid`. */
  complete(
    key: string,
    told: { outcome: 'done' | 'failed'; by: string; note: string; answers: Record<string, unknown> },
    now: Date,
  ): void {
    // prettier-ignore
    const step = this.#step(key);
    if (step.told || step.waitsFor !== 'person')
      throw new DomainError('decision_not_possible', `Nobody waits for "${key}" to be done by hand.`);
    if (told.outcome === 'done' && step.state !== 'undoing') refuseMissing(this.leafOf(key), told.answers);
    this.#tell({ kind: 'completed', key, ...told }, now);
  }

  /** One person's word, by the name that they give. Refuses with `approval_over`, `approval_own`, `approval_decided`, `not_found`. */
  judge(key: string, told: { verdict: 'approve' | 'refuse'; by: string; note: string }, now: Date): void {
    const [step, leaf] = [this.#step(key), this.leafOf(key)];
    const { startedBy, boundTo: bound } = this.opened;
    if (leaf.kind !== 'approval' || step.waitsFor !== 'approval' || step.told)
      throw new DomainError('approval_over', `Nobody waits for an approval of "${key}".`);
    if (step.until !== null && now.getTime() >= step.until)
      throw new DomainError('approval_over', 'It was not approved in time.');
    if (leaf.notByStarter && isSame(startedBy, told.by))
      throw new DomainError('approval_own', 'Nobody approves what they started themselves: somebody else must.');
    if (leaf.among.length > 0 && !leaf.among.some((email) => isSame(email, told.by)))
      throw new DomainError('not_found', `Only these may approve it: ${leaf.among.join(', ')}.`);
    if (this.verdictsOf(key).some(({ by }) => isSame(by, told.by)))
      throw new DomainError('approval_decided', `${told.by} has decided on this already.`);
    this.#tell({ kind: 'verdict', key, round: step.round, boundTo: bound, ...told }, now);
  }

  /** Of the round that waits now. */
  verdictsOf(key: string): { verdict: 'approve' | 'refuse'; by: string; note: string; at: string }[] {
    const { round } = this.#step(key);
    return this.entries.flatMap(({ at, is }) =>
      is.kind === 'verdict' && is.key === key && is.round === round && is.boundTo === this.opened.boundTo
        ? [{ verdict: is.verdict, by: is.by, note: is.note, at }]
        : [],
    );
  }

  resume(by: string, now: Date): void {
    this.#tell({ kind: 'resumed', by }, now);
  }

  #record(now: number): ExecutionRecord {
    return {
      ...{ now, ...this.head, isPractice: this.opened.practice, broken: null, pauseRequested: false },
      cancelRequested: false,
      steps: new Map(
        [...this.steps].map(([key, step]) => [key, { ...structuredClone(step), approvals: this.#counted(step) }]),
      ),
    };
  }

  #counted(step: StepRecord): StepRecord['approvals'] {
    if (step.waitsFor !== 'approval') return null;
    const given = this.verdictsOf(step.key);
    return {
      count: given.filter(({ verdict }) => verdict === 'approve').length,
      refused: given.some(({ verdict }) => verdict === 'refuse'),
    };
  }

  #tell(is: Happening, now: Date): void {
    this.#journal.append(is, now);
    this.#apply(is);
  }

  #apply(is: Happening): void {
    switch (is.kind) {
      case 'turned':
        this.head = is.head;
        this.outcome = is.outcome;
        for (const step of is.steps) this.steps.set(step.key, { ...step, approvals: null });
        return;
      case 'begun':
        this.attempts.set(is.deed.key, (this.attempts.get(is.deed.key) ?? 0) + 1);
        return;
      case 'reported': {
        const ended = Math.max(0, ...[...this.steps.values()].map((one) => one.ended ?? 0)) + 1;
        const step = this.#step(is.deed.key);
        const more = is.deed.verb === 'undo' ? {} : { ended };
        this.steps.set(step.key, { ...step, state: is.state, reason: is.reason, waitsFor: null, ...more });
        if (is.state === 'done') this.outputs[step.key] = is.output ?? {};
        return;
      }
      case 'decided':
        this.#step(is.key).told = { kind: is.decision, reason: is.note };
        return;
      case 'completed': {
        const step = this.#step(is.key);
        if (is.outcome === 'done' && step.state !== 'undoing') this.outputs[is.key] = is.answers;
        const failed = { kind: 'failed', reason: is.note || 'Who did it says that it failed.', code: 'reported_failed' } as const; // prettier-ignore
        step.told = is.outcome === 'done' ? { kind: 'done' } : failed;
        return;
      }
      default:
    }
  }

  #step(key: string): StepRecord {
    const step = this.steps.get(key);
    if (!step) throw new DomainError('not_found', `The runbook has no step "${key}".`);
    return step;
  }
}

const isSame = (one: string, other: string): boolean => one.trim().toLowerCase() === other.trim().toLowerCase();
