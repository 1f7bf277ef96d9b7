import { IsolationLevel } from '@mikro-orm/postgresql';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Execution, ExecutionStep } from '#contracts/runbooks/executions.ts';
import { isHolding, type RunbookStep } from '#contracts/runbooks/steps.ts';
import { whoMayDecide } from '../../approvals/whoMayDecide.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import type { Platform } from '../../platform.ts';
import { rows } from '../../sql.ts';
import { fillIn, type Known } from '../engine/references.ts';
import { possibleDecisions, type StepRecord } from '../engine/state.ts';
import { leafOf, readJournal, type Journal } from '../executing/journal.ts';
import {
  completionNote,
  reasonOf,
  startedBecause,
  stoppedBecause,
  timelineOf,
  verdictNote,
  type Told,
} from './timelineOf.ts';

/** Who looks: what they may do is theirs alone. */
export interface Onlooker {
  userId: string | null;
  mayDecide: boolean;
}

interface RunRow {
  state: RunState;
  version: number;
  started_by: string | null;
  starter: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  pause: boolean;
  cancel: boolean;
  workflow_id: string;
  began: boolean;
  digest: string;
  start_at: string | null;
  now: string;
}

interface StepRow {
  step_id: string;
  key: string;
  record: StepRecord;
  output: Record<string, unknown> | null;
  progress: string | null;
  child_run_id: string | null;
  completed_by: string | null;
  attempt: number;
  reason_code: string | null;
  reason: string | null;
  started_at: string | null;
  finished_at: string | null;
}

/** An execution as it is at one moment. Refuses with `not_found`. */
export const viewExecution = (
  em: Sql,
  runId: string,
  platform: Pick<Platform, 'configuration' | 'installation'>,
  onlooker: Onlooker,
): Promise<Execution> =>
  // A turn that is written between two reads would show steps of one moment and a state of another.
  em
    .fork()
    .transactional((tx) => view(tx, runId, platform, onlooker), { isolationLevel: IsolationLevel.REPEATABLE_READ });

async function view(
  em: Sql,
  runId: string,
  { configuration: { temporal: place }, installation }: Pick<Platform, 'configuration' | 'installation'>,
  onlooker: Onlooker,
): Promise<Execution> {
  const [run] = await rows<RunRow>(em)`
    select r.state, r.version, r.actor_id as started_by, u.email as starter, r.created_at, r.started_at, r.finished_at,
      r.pause_requested_at is not null as pause, r.cancel_requested_at is not null as cancel, r.workflow_id,
      r.workflow_started_at is not null as began, e.digest, e.start_at, clock_timestamp() as now
    from runs r join runbook_executions e on e.run_id = r.id left join users u on u.id = r.actor_id and u.tenant_id is null
    where r.id = ${runId}`;
  if (!run) throw new DomainError('not_found', 'There is no such execution.');
  const journal = await readJournal(em, runId, Date.parse(isoOf(run.now)));
  const steps = await rows<StepRow>(em)`
    select s.*, u.email as completed_by, r.attempt, r.reason_code, r.reason, r.started_at, r.finished_at
    from runbook_steps s join run_steps r on r.id = s.step_id left join users u on u.id = s.completed_by and u.tenant_id is null
    where s.run_id = ${runId} order by s.position`;
  const approvals = await approvalsOf(em, runId);
  const mayApprove = onlooker.userId !== null && (await whoMayDecide(em, null)).has(onlooker.userId);
  const isOver = runIsOver(run.state);
  const { execution, definition } = journal;
  const told = await timelineOf(em, installation.keyring, runId, definition);
  const endedAt = run.finished_at === null ? execution.now : Date.parse(isoOf(run.finished_at));
  return {
    ...{
      runId,
      runbook: journal.runbook,
      title: definition.title,
      runbookVersion: journal.version,
      practice: journal.practice,
    },
    ...{ state: run.state, version: run.version, startedBy: run.starter, createdAt: isoOf(run.created_at) },
    ...{ startedAt: isoOrNull(run.started_at), finishedAt: isoOrNull(run.finished_at) },
    ...{ budgetSeconds: definition.budgetSeconds, overran: execution.overran },
    seconds: execution.startedAt === null ? 0 : Math.max(0, (endedAt - execution.startedAt) / 1000),
    waitsFor: steps.flatMap(({ key, record }) =>
      record.waitsFor === null || isOver ? [] : [{ step: key, what: record.waitsFor }],
    ),
    ...{ digest: run.digest, inputs: journal.inputs, boundTo: journal.boundTo },
    ...{ startAt: run.start_at, startReason: run.start_at === null ? null : startedBecause(told) },
    ...{ reasonCode: execution.stopped?.code ?? null, reason: stoppedBecause(told, execution.stopped) },
    ...{ pauseRequested: run.pause, cancelRequested: run.cancel },
    steps: steps.map((row) => viewStep(row, { journal, isOver, approvals, told, run, onlooker, mayApprove })),
    timeline: told.map(({ entry }) => entry),
    may: {
      pause: onlooker.mayDecide && !isOver && !run.pause && run.state !== 'rolling_back',
      resume: onlooker.mayDecide && !isOver && run.pause,
      cancel: onlooker.mayDecide && !isOver && !run.cancel && run.state !== 'rolling_back',
    },
    temporal: {
      workflowId: run.workflow_id,
      url:
        place.uiUrl && run.began
          ? `${place.uiUrl}/namespaces/${encodeURIComponent(place.namespace)}/workflows/${encodeURIComponent(run.workflow_id)}`
          : null,
    },
  };
}

interface Seen {
  journal: Journal;
  isOver: boolean;
  approvals: ApprovalRow[];
  told: Told[];
  run: RunRow;
  onlooker: Onlooker;
  mayApprove: boolean;
}

function viewStep(row: StepRow, { journal, isOver, approvals, told, run, onlooker, mayApprove }: Seen): ExecutionStep {
  const { record } = row;
  const leaf = leafOf(journal, row.key);
  const known: Known = { inputs: journal.inputs, steps: journal.outputs };
  const isUndoing = record.state === 'undoing' || record.state === 'undo_failed';
  const decidable = onlooker.mayDecide && !isOver && !run.cancel;
  const given = approvals.filter(({ step_id, round }) => step_id === row.step_id && round === record.round);
  return {
    ...{
      id: row.step_id,
      key: row.key,
      within: holdersOf(journal.definition.steps, row.key),
      kind: leaf.kind,
      title: leaf.title,
    },
    instructions: fillIn(isUndoing && leaf.undo?.kind === 'manual' ? leaf.undo.instructions : leaf.instructions, known),
    role: leaf.kind === 'manual' ? leaf.role : null,
    message: leaf.kind === 'manual' && leaf.message ? fillIn(leaf.message, known) : null,
    asks: leaf.kind === 'manual' ? leaf.asks : [],
    ...{
      mode: record.mode,
      state: record.state,
      waitsFor: isOver ? null : record.waitsFor,
      attempt: row.attempt,
      progress: row.progress,
    },
    ...{ reasonCode: row.reason_code, reason: reasonOf(told, row.key, row.reason_code, row.reason) },
    ...{ budgetSeconds: leaf.budgetSeconds, overran: record.overran },
    ...{ startedAt: isoOrNull(row.started_at), finishedAt: isoOrNull(row.finished_at) },
    until: record.until === null ? null : new Date(record.until).toISOString(),
    ...{ output: row.output, undo: leaf.undo, breakpoint: record.breakpoint, childRunId: row.child_run_id },
    ...{ completedBy: row.completed_by, note: completionNote(told, row.key) },
    approval:
      leaf.kind === 'approval'
        ? {
            ...{ required: leaf.required, boundTo: journal.boundTo },
            given: given.map(({ user_id: id, email, verdict, given_at }) => ({
              ...{ by: { id, email }, verdict, at: isoOf(given_at) },
              note: verdictNote(told, row.key, record.round, id),
            })),
          }
        : null,
    may: {
      decide: decidable ? possibleDecisions(record, leaf, journal.execution.direction) : [],
      complete: decidable && record.waitsFor === 'person' && record.told === null,
      approve:
        !isOver &&
        mayApprove &&
        record.waitsFor === 'approval' &&
        leaf.kind === 'approval' &&
        !(leaf.notByStarter && run.started_by === onlooker.userId) &&
        !given.some(({ user_id }) => user_id === onlooker.userId),
      break: decidable && record.state === 'pending',
    },
  };
}

/** What holds a step, outermost first. */
export function holdersOf(steps: readonly RunbookStep[], key: string): ExecutionStep['within'] {
  for (const step of steps) {
    if (!isHolding(step)) continue;
    const { kind, id, title } = step;
    if (step.steps.some((inner) => inner.id === key)) return [{ kind, id, title }];
    const deeper = holdersOf(step.steps, key);
    if (deeper.length > 0) return [{ kind, id, title }, ...deeper];
  }
  return [];
}

interface ApprovalRow {
  step_id: string;
  round: number;
  user_id: string;
  email: string;
  verdict: 'approve' | 'refuse';
  given_at: string;
}

const approvalsOf = (em: Sql, runId: string): Promise<ApprovalRow[]> =>
  rows<ApprovalRow>(em)`
    select a.step_id, a.round, a.user_id, coalesce(u.email, '') as email, a.verdict, a.given_at
    from runbook_approvals a join runbook_steps s on s.step_id = a.step_id left join users u on u.id = a.user_id and u.tenant_id is null
    where s.run_id = ${runId} order by a.given_at`;

const isoOrNull = (time: string | null): string | null => (time === null ? null : isoOf(time));
