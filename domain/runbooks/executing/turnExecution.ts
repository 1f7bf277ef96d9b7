import { runIsOver } from '#contracts/runStates.ts';
import type { DeedInput, PlatformRef, RunbookDeed, RunbookTurn } from '#contracts/workflowInputs.ts';
import type { LeafStep } from '#contracts/runbooks/steps.ts';
import type { Sql } from '../../database.ts';
import { theSystem } from '../../events/appendEvent.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';
import type { Deed, ExecutionRecord, Move, Turn } from '../engine/state.ts';
import { takeTurn } from '../engine/turn.ts';
import { notePractice } from '../practice/notePractice.ts';
import { leafOf, readJournal, writeJournal, type Journal } from './journal.ts';
import { tell } from './timeline.ts';

/** Told of what a turn came to, for whoever counts. */
export interface ExecutionObserver {
  stepOverran(): void;
  executionEnded(execution: { runbook: string; practice: boolean; outcome: string; seconds: number }): void;
}

/** One turn of an execution: what became of it since is worked out and written, and what is to be done now is told. */
export async function turnExecution(
  ledger: Ledger,
  ref: PlatformRef,
  now: number,
  observer: ExecutionObserver,
): Promise<RunbookTurn> {
  return ledger.onRun<RunbookTurn>(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: { deeds: [], dropped: [], wakeAt: null, isOver: true } };
    const before = await readJournal(em, run.id, now);
    const after: Journal = { ...before, execution: structuredClone(before.execution) };
    const turn = takeTurn(after.definition, after.execution);
    const isChanged = turn.moves.length > 0 || hasHeard(before.execution);
    if (isChanged) await writeJournal(em, run.id, before, after.execution);
    for (const move of turn.moves) {
      if (move.is === 'overran') observer.stepOverran();
      await tellMove(em, run.id, move);
    }
    await moveAlong(em, run, after, turn);
    if (turn.outcome)
      observer.executionEnded({
        ...{ runbook: after.runbook, practice: after.practice, outcome: turn.outcome },
        seconds: (now - (after.execution.startedAt ?? now)) / 1000,
      });
    const result = {
      deeds: turn.deeds.map((deed) => asked(after, deed)),
      dropped: turn.dropped.map((deed) => idOf(after.stepIds.get(deed.key)!, deed)),
      wakeAt: turn.wakeAt,
      isOver: turn.outcome !== null,
    };
    return { changed: isChanged, result };
  });
}

const hasHeard = ({ steps }: ExecutionRecord): boolean => [...steps.values()].some(({ told }) => told !== null);

export const idOf = (stepId: string, { verb, round }: Pick<DeedInput, 'verb' | 'round'>): string =>
  `${stepId}/${verb}/${round}`;

const kinds: Partial<Record<Move['is'], string>> = { begun: 'step.begun', done: 'step.done', failed: 'step.failed' };

const tellMove = (em: Sql, runId: string, { is, key, reason }: Move): Promise<void> =>
  tell(
    em,
    runId,
    {
      kind: kinds[is] ?? (key === null ? is : `step.${is}`),
      step: key,
      // What people wrote is told with their own entry.
      data: reason ? { code: reason.code } : {},
      note:
        reason && reason.code !== 'skipped' && reason.code !== 'stopped' && reason.code !== 'left' ? reason.text : null,
    },
    theSystem,
  );

function asked(journal: Journal, deed: Deed): RunbookDeed {
  const leaf = leafOf(journal, deed.key);
  const stepId = journal.stepIds.get(deed.key)!;
  return {
    id: idOf(stepId, deed),
    ...{ stepId, verb: deed.verb, round: deed.round, title: leaf.title },
    activity: activityOf(leaf, deed.verb),
    ...(leaf.kind === 'custom' ? { taskQueue: leaf.taskQueue, timeoutSeconds: leaf.timeoutSeconds } : {}),
  };
}

/** What the Temporal UI reads. */
function activityOf(leaf: LeafStep, verb: Deed['verb']): string {
  if (verb === 'undo' && leaf.undo?.kind === 'action') return leaf.undo.action;
  switch (leaf.kind) {
    case 'action':
      return verb === 'act' ? leaf.action : `${leaf.action}.${verb}`;
    case 'custom':
      return verb === 'undo' ? (leaf.undoActivity ?? leaf.activity) : leaf.activity;
    default:
      return `runbook.${leaf.kind}`;
  }
}

/** The run's own state, and the task that asks for a person. */
async function moveAlong(em: Sql, run: LockedRun, { execution }: Journal, turn: Turn): Promise<void> {
  const { direction, stopped } = execution;
  if (run.state === 'queued') await moveRun(em, run, 'running');
  if (turn.outcome) return end(em, run, execution, turn.outcome);
  const waiting = [...execution.steps.values()].filter(
    ({ waitsFor }) => waitsFor !== null && waitsFor !== 'time' && waitsFor !== 'pause',
  );
  const isPaused = [...execution.steps.values()].some(({ waitsFor }) => waitsFor === 'pause');
  if (direction === 'back') {
    if (run.state !== 'rolling_back') await moveRun(em, run, 'rolling_back', stopped);
  } else {
    const to = turn.deeds.length > 0 ? 'running' : waiting.length > 0 ? 'waiting' : isPaused ? 'paused' : 'running';
    if (run.state !== to) await moveRun(em, run, to);
  }
  if (waiting.length === 0) return closeTasks(em, { runId: run.id, kinds: ['parked'] }, theSystem);
  const first = waiting[0]!;
  await openTask(em, {
    ...{ kind: 'parked', runId: run.id, tenantId: null, title: 'A runbook waits for a person', left: [] },
    reason: first.reason ?? {
      code: `waits_for_${first.waitsFor}`,
      text: `Its step "${first.key}" waits for a person.`,
    },
  });
}

async function end(
  em: Sql,
  run: LockedRun,
  execution: ExecutionRecord,
  outcome: NonNullable<Turn['outcome']>,
): Promise<void> {
  await closeTasks(em, { runId: run.id, kinds: ['parked'] }, theSystem);
  if (outcome === 'succeeded' && run.state !== 'running') await moveRun(em, run, 'running');
  if (outcome !== 'succeeded' && run.state !== 'rolling_back')
    await moveRun(em, run, 'rolling_back', execution.stopped);
  if (outcome === 'needs_attention') {
    const left = [...execution.steps.values()].filter(({ state }) => state === 'undo_failed');
    const reason = {
      code: 'undo_failed',
      text: `Not everything was taken back. Left: ${left.map(({ key }) => key).join(' · ')}.`,
    };
    await moveRun(em, run, outcome, reason);
    await openTask(em, {
      ...{ kind: 'attention', runId: run.id, tenantId: null, title: 'A runbook left something', reason },
      left: left.map(({ key, reason: why }) => ({ title: key, where: 'runbook', why: why?.text ?? 'left' })),
    });
  } else await moveRun(em, run, outcome, outcome === 'succeeded' ? null : execution.stopped);
  await notePractice(em, run.id, outcome);
}
