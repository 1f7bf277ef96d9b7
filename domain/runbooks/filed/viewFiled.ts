import type { Execution, ExecutionStep, TimelineEntry } from '#contracts/runbooks/executions.ts';
import { leavesOf } from '#contracts/runbooks/steps.ts';
import { fillIn } from '../engine/references.ts';
import { possibleDecisions, type Move } from '../engine/state.ts';
import { holdersOf } from '../viewing/viewExecution.ts';
import type { Entry } from './entries.ts';
import type { FiledExecution } from './filedExecution.ts';

const nobody = '00000000-0000-0000-0000-000000000000';

/** The same picture as of an execution in the registry, for the report. Names are what people typed. */
export function viewFiled(execution: FiledExecution, now: Date): Execution {
  const { opened, definition, head, outcome, entries } = execution;
  const timeline = entries.flatMap((entry) => told(entry)).map((one, at) => ({ ...one, number: at + 1 }));
  const titles = new Map(leavesOf(definition.steps).map(({ id, title }) => [id, title]));
  const endedAt = outcome === null ? null : entries.findLast(({ is }) => is.kind === 'turned')!.at;
  const startedAt = head.startedAt === null ? null : new Date(head.startedAt).toISOString();
  return {
    ...{ runId: opened.executionId, runbook: opened.runbook, title: definition.title, runbookVersion: 0 },
    ...{ practice: opened.practice, state: outcome ?? 'running', version: entries.length, startedBy: opened.startedBy },
    ...{ createdAt: entries[0]!.at, startedAt, finishedAt: endedAt },
    ...{ budgetSeconds: definition.budgetSeconds, overran: head.overran },
    seconds: head.startedAt === null ? 0 : ((endedAt ? Date.parse(endedAt) : now.getTime()) - head.startedAt) / 1000,
    waitsFor: [...execution.steps.values()].flatMap(({ key, waitsFor }) =>
      waitsFor === null || outcome ? [] : [{ step: key, what: waitsFor }],
    ),
    ...{ digest: opened.digest, inputs: opened.inputs, boundTo: opened.boundTo, startAt: null, startReason: null },
    ...{ reasonCode: head.stopped?.code ?? null, reason: head.stopped?.text ?? null },
    ...{ pauseRequested: false, cancelRequested: false },
    steps: leavesOf(definition.steps).map(({ id }) => viewStep(execution, id)),
    timeline: timeline.map((one) => ({ ...one, title: one.step === null ? null : (titles.get(one.step) ?? null) })),
    may: { pause: false, resume: false, cancel: false },
    temporal: { workflowId: '', url: null },
  };
}

function viewStep(execution: FiledExecution, key: string): ExecutionStep {
  const { known, definition, entries, opened, head } = execution;
  const step = execution.steps.get(key)!;
  const leaf = execution.leafOf(key);
  const completed = entries.findLast(({ is }) => is.kind === 'completed' && is.key === key)?.is;
  const isUndoing = step.state === 'undoing' || step.state === 'undo_failed';
  return {
    ...{ id: nobody, key, within: holdersOf(definition.steps, key), kind: leaf.kind, title: leaf.title },
    instructions: fillIn(isUndoing && leaf.undo?.kind === 'manual' ? leaf.undo.instructions : leaf.instructions, known),
    role: leaf.kind === 'manual' ? leaf.role : null,
    message: leaf.kind === 'manual' && leaf.message ? fillIn(leaf.message, known) : null,
    asks: leaf.kind === 'manual' ? leaf.asks : [],
    ...{ mode: step.mode, state: step.state, waitsFor: step.waitsFor, attempt: execution.attempts.get(key) ?? 0 },
    ...{ progress: null, reasonCode: step.reason?.code ?? null, reason: step.reason?.text ?? null },
    ...{ budgetSeconds: leaf.budgetSeconds, overran: step.overran },
    startedAt: step.startedAt === null ? null : new Date(step.startedAt).toISOString(),
    finishedAt: endOf(entries, key),
    until: step.until === null ? null : new Date(step.until).toISOString(),
    ...{ output: execution.outputs[key] ?? null, undo: leaf.undo, breakpoint: false, childRunId: null },
    completedBy: completed?.kind === 'completed' ? completed.by : null,
    note: completed?.kind === 'completed' ? completed.note : null,
    approval:
      leaf.kind === 'approval'
        ? {
            ...{ required: leaf.required, boundTo: opened.boundTo },
            given: execution.verdictsOf(key).map(({ by, verdict, note, at }) => ({
              ...{ by: { id: nobody, email: by }, verdict, note: note || null, at },
            })),
          }
        : null,
    may: {
      decide: possibleDecisions(step, leaf, head.direction),
      ...{ complete: step.waitsFor === 'person', approve: step.waitsFor === 'approval', break: false },
    },
  };
}

const isEnd = ({ is, key }: Move, of: string): boolean =>
  key === of && ['done', 'passed', 'skipped', 'failed', 'undone', 'left'].includes(is);

function endOf(entries: readonly Entry[], key: string): string | null {
  const last = entries.findLast(
    ({ is }) =>
      (is.kind === 'reported' && is.deed.key === key) ||
      (is.kind === 'turned' && is.moves.some((move) => isEnd(move, key))),
  );
  return last?.at ?? null;
}

type Told = Omit<TimelineEntry, 'number' | 'title'>;

function told({ at, is }: Entry): Told[] {
  const line = (kind: string, more: Partial<Told> = {}): Told => ({ at, kind, step: null, by: null, note: null, data: {}, ...more }); // prettier-ignore
  switch (is.kind) {
    case 'opened':
      return [line('opened', { by: is.execution.startedBy })];
    case 'resumed':
      return [line('resumed', { by: is.by, note: 'The command was run again.' })];
    case 'turned':
      return is.moves.map(({ is: what, key, reason }) =>
        line(key === null ? what : `step.${what}`, { step: key, note: reason?.text ?? null }),
      );
    case 'begun':
      return [line(is.deed.verb === 'undo' ? 'undo.attempt' : 'attempt', { step: is.deed.key })];
    case 'tried':
      return [line('attempt.failed', { step: is.deed.key, note: is.reason.text })];
    case 'reported':
      return [line(`step.${is.state}`, { step: is.deed.key, note: is.reason?.text ?? null })];
    case 'decided':
      return [line('decided', { step: is.key, by: is.by, note: is.note, data: { decision: is.decision } })];
    case 'completed':
      return [line('completed', { step: is.key, by: is.by, note: is.note, data: { outcome: is.outcome } })];
    case 'verdict':
      return [line(is.verdict === 'approve' ? 'approved' : 'refused', { step: is.key, by: is.by, note: is.note })];
  }
}
