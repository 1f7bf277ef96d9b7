import type { Reason } from '#contracts/workflowInputs.ts';
import type { RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import type { LeafStep, RunbookStep } from '#contracts/runbooks/steps.ts';
import { takeBack } from './back.ts';
import { leavesIn } from './leaves.ts';
import { deedOf, type Deed, type ExecutionRecord, type Move, type StepRecord, type Turn } from './state.ts';

/**
 * The interpreter: from where everything stands it works out what becomes of it now. Pure: no clock, no store, no Temporal; `execution`
 * is changed in place, and whoever calls it writes that down before any deed is done. Asked again with nothing new it changes nothing.
 */
export function takeTurn(
  definition: Pick<RunbookDefinition, 'steps' | 'budgetSeconds'>,
  execution: ExecutionRecord,
): Turn {
  const turn = new Advance(execution);
  if (execution.startedAt === null) {
    execution.startedAt = execution.now;
    turn.tell('started', null);
  }
  const budget = definition.budgetSeconds;
  if (budget !== null && !execution.overran && execution.now - execution.startedAt > budget * 1000) {
    execution.overran = true;
    turn.tell('overran', null);
  }
  if (budget !== null && !execution.overran) turn.wake(execution.startedAt + budget * 1000 + 1);

  if (execution.broken) turn.stop(execution.broken);
  if (execution.cancelRequested && execution.direction === 'forward') turn.cancel();
  const leaves = leavesIn(definition.steps);
  for (const leaf of leaves) turn.listen(leaf);
  const isThrough = execution.direction === 'forward' && turn.work({ kind: 'sequence', steps: definition.steps });
  if (isThrough && execution.isPractice) execution.direction = 'clearing';
  const outcome = isThrough && !execution.isPractice ? 'succeeded' : takeBack(leaves, execution, turn);
  if (outcome) turn.tell('ended', null);
  return { ...turn.result(), outcome };
}

type Holding = { kind: 'sequence' | 'parallel'; steps: RunbookStep[] };

/** One turn on its way: what it changes, tells and asks for. */
export class Advance {
  readonly execution: ExecutionRecord;
  readonly #moves: Move[] = [];
  readonly #dropped: Deed[] = [];
  #wakeAt: number | null = null;
  #ended: number;

  constructor(execution: ExecutionRecord) {
    this.execution = execution;
    this.#ended = Math.max(0, ...[...execution.steps.values()].map(({ ended }) => ended ?? 0));
  }

  result(): Omit<Turn, 'outcome'> {
    const deeds = [...this.execution.steps.values()].flatMap((step) => deedOf(step) ?? []);
    return { moves: this.#moves, deeds, dropped: this.#dropped, wakeAt: this.#wakeAt };
  }

  tell(is: Move['is'], key: string | null, reason?: Reason): void {
    this.#moves.push({ is, key, ...(reason ? { reason } : {}) });
  }

  wake(at: number): void {
    this.#wakeAt = Math.min(at, this.#wakeAt ?? Infinity);
  }

  /** From here on nothing is begun; what is under way comes to its end, and then the way back begins. */
  stop(reason: Reason): void {
    if (this.execution.direction !== 'forward') return;
    this.execution.direction = 'back';
    this.execution.stopped = reason;
    this.tell('stopped', null, reason);
  }

  /** The same, and who is at something is told to leave it. */
  cancel(): void {
    for (const step of this.execution.steps.values()) this.#drop(step);
    this.stop({ code: 'cancelled', text: 'It was cancelled on request.' });
  }

  /** What somebody told a step, and what its clock says. */
  listen(leaf: LeafStep): void {
    const step = this.of(leaf);
    const { told } = step;
    step.told = null;
    if (told && (step.state === 'undo_failed' || step.state === 'undoing')) this.#hearBack(leaf, step, told);
    else if (told && this.execution.direction === 'forward') this.#hear(leaf, step, told);
    this.#watch(leaf, step);
  }

  #hear(leaf: LeafStep, step: StepRecord, told: NonNullable<StepRecord['told']>): void {
    switch (told.kind) {
      case 'done':
        if (step.state === 'waiting') this.end(step, 'done');
        return;
      case 'failed':
        if (step.state === 'waiting') this.fail(leaf, { code: told.code ?? 'reported_failed', text: told.reason });
        return;
      case 'skip':
        this.#drop(step);
        return this.end(step, 'skipped', { code: 'skipped', text: told.reason ?? '' });
      case 'stop':
        this.#drop(step);
        if (step.state === 'running' || step.state === 'waiting')
          this.end(step, step.wasBegun ? 'failed' : 'skipped', {
            code: 'stopped',
            text: told.reason || 'Somebody stopped here.',
          });
        return this.stop({ code: 'stopped', text: told.reason || `Somebody stopped at "${leaf.title}".` });
      case 'retry':
        if (step.waitsFor === 'decision') this.begin(leaf, step);
        return;
      case 'continue':
        if (step.waitsFor !== 'breakpoint') return;
        step.breakpoint = false;
        this.#release(step);
        return;
      case 'leave':
    }
  }

  #hearBack(leaf: LeafStep, step: StepRecord, told: NonNullable<StepRecord['told']>): void {
    if (told.kind === 'retry' && step.state === 'undo_failed') {
      this.beginUndo(leaf, step);
    } else if (told.kind === 'leave') {
      step.state = 'undo_failed';
      step.waitsFor = null;
      step.isAccepted = true;
      this.tell('left', step.key, { code: 'left', text: told.reason ?? '' });
    } else if (told.kind === 'done' && step.waitsFor === 'person') {
      step.state = 'undone';
      step.waitsFor = null;
      this.tell('undone', step.key);
    } else if (told.kind === 'failed' && step.waitsFor === 'person') {
      step.state = 'undo_failed';
      step.reason = { code: told.code ?? 'reported_failed', text: told.reason };
      step.waitsFor = null;
    }
  }

  /** The clock: how long it may take, how long it waits, and until when others may approve. */
  #watch(leaf: LeafStep, step: StepRecord): void {
    const { now, direction } = this.execution;
    const isOpen =
      step.state === 'running' ||
      (step.state === 'waiting' && step.waitsFor !== 'pause' && step.waitsFor !== 'breakpoint');
    if (direction !== 'forward' || !isOpen) return;
    if (leaf.budgetSeconds !== null && step.startedAt !== null && !step.overran) {
      const due = step.startedAt + leaf.budgetSeconds * 1000;
      if (now <= due) this.wake(due + 1);
      else {
        step.overran = true;
        const reason = { code: 'over_budget', text: `It took longer than its ${leaf.budgetSeconds} seconds.` };
        this.tell('overran', step.key, reason);
        if (leaf.onOverrun === 'stop' && step.waitsFor !== 'decision') {
          this.#drop(step);
          this.fail(leaf, reason);
        }
      }
    }
    if (step.waitsFor === 'approval') this.#watchApproval(leaf, step);
    if (step.until === null || (step.waitsFor !== 'time' && step.waitsFor !== 'approval')) return;
    if (now < step.until) return this.wake(step.until);
    if (step.waitsFor === 'time') return this.end(step, 'done');
    this.fail(leaf, { code: 'approval_expired', text: 'It was not approved in time. Ask again by a retry.' });
  }

  #watchApproval(leaf: LeafStep, step: StepRecord): void {
    if (leaf.kind !== 'approval' || !step.approvals) return;
    if (step.approvals.refused) this.fail(leaf, { code: 'approval_refused', text: 'Somebody refused to approve it.' });
    else if (step.approvals.count >= leaf.required && step.until !== null && this.execution.now < step.until)
      this.end(step, 'done');
  }

  /** @returns whether all of it is over */
  work(node: Holding): boolean {
    let isOver = true;
    for (const child of node.steps) {
      if (this.execution.direction !== 'forward') return false;
      const childIsOver = 'steps' in child ? this.work(child) : this.#workLeaf(child);
      isOver &&= childIsOver;
      if (!childIsOver && node.kind === 'sequence') return false;
    }
    return isOver && this.execution.direction === 'forward';
  }

  #workLeaf(leaf: LeafStep): boolean {
    const step = this.of(leaf);
    if (step.state === 'waiting' && step.waitsFor === 'pause' && !this.execution.pauseRequested) this.#release(step);
    if (step.state === 'pending') this.#enter(leaf, step);
    if (step.state === 'failed' && !step.isAccepted) this.#judge(leaf, step);
    return step.state === 'done' || step.state === 'skipped' || (step.state === 'failed' && step.isAccepted);
  }

  #enter(leaf: LeafStep, step: StepRecord): void {
    if (step.mode === 'passed')
      return this.end(step, 'skipped', { code: 'passed', text: 'Others had carried it out before.' });
    if (step.breakpoint) return this.#hold(step, 'breakpoint');
    if (this.execution.pauseRequested) return this.#hold(step, 'pause');
    if (step.mode === 'skip')
      return this.end(step, 'skipped', { code: 'practice', text: 'It is passed over in practice.' });
    if (step.mode === 'stop') {
      const text = 'It does not say what becomes of it in practice, so practice stops here.';
      step.startedAt = this.execution.now;
      return this.ask(step, { code: 'practice_undeclared', text });
    }
    this.begin(leaf, step);
  }

  begin(leaf: LeafStep, step: StepRecord): void {
    const { now } = this.execution;
    step.round += 1;
    step.startedAt = now;
    step.overran = false;
    step.reason = null;
    step.until = null;
    step.waitsFor = null;
    step.ended = null;
    step.approvals = null;
    if (leaf.kind === 'wait' || leaf.kind === 'manual' || leaf.kind === 'approval') {
      step.state = 'waiting';
      step.waitsFor = leaf.kind === 'wait' ? 'time' : leaf.kind === 'manual' ? 'person' : 'approval';
      if (leaf.kind === 'wait') step.until = now + leaf.seconds * 1000;
      if (leaf.kind === 'approval') step.until = now + leaf.expiresSeconds * 1000;
      step.wasBegun ||= leaf.kind === 'manual';
      this.tell('opened', step.key);
      this.#watch(leaf, step);
    } else {
      step.state = 'running';
      step.wasBegun = true;
      this.tell('begun', step.key);
      if (leaf.budgetSeconds !== null) this.wake(now + leaf.budgetSeconds * 1000 + 1);
    }
  }

  #hold(step: StepRecord, by: 'breakpoint' | 'pause'): void {
    step.state = 'waiting';
    step.waitsFor = by;
    this.tell('held', step.key, {
      code: by,
      text: by === 'pause' ? 'Paused on request, before this step.' : 'Stopped at the breakpoint before this step.',
    });
  }

  #release(step: StepRecord): void {
    step.state = 'pending';
    step.waitsFor = null;
    this.tell('released', step.key);
  }

  beginUndo(leaf: LeafStep, step: StepRecord): void {
    step.state = 'undoing';
    step.round += 1;
    step.waitsFor = leaf.undo?.kind === 'manual' ? 'person' : null;
    this.tell('undo_begun', step.key);
  }

  /** A step failed for good: what its policy says. */
  #judge(leaf: LeafStep, step: StepRecord): void {
    const reason = step.reason ?? { code: 'failed', text: 'It failed.' };
    if (leaf.onFailure === 'continue') step.isAccepted = true;
    else if (leaf.onFailure === 'stop') this.stop({ ...reason, text: `"${leaf.title}" failed: ${reason.text}` });
    else this.ask(step, reason);
  }

  fail(leaf: LeafStep, reason: Reason): void {
    const step = this.of(leaf);
    this.end(step, 'failed', reason);
    if (this.execution.direction === 'forward') this.#judge(leaf, step);
  }

  ask(step: StepRecord, reason: Reason): void {
    step.state = 'waiting';
    step.waitsFor = 'decision';
    step.reason = reason;
    this.tell('asked', step.key, reason);
  }

  end(step: StepRecord, to: 'done' | 'skipped' | 'failed', reason: Reason | null = null): void {
    step.state = to;
    step.waitsFor = null;
    step.until = null;
    step.reason = reason;
    step.ended = this.#ended += 1;
    this.tell(to === 'skipped' && step.mode === 'passed' ? 'passed' : to, step.key, reason ?? undefined);
  }

  #drop(step: StepRecord): void {
    const deed = deedOf(step);
    if (deed) this.#dropped.push(deed);
  }

  of({ id }: { id: string }): StepRecord {
    const step = this.execution.steps.get(id);
    if (!step) throw new Error(`the execution has no step ${id}`);
    return step;
  }
}
