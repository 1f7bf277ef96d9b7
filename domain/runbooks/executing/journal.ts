import type { InputValues, RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { json, rows } from '../../sql.ts';
import { boundTo, digestOf } from '../digests.ts';
import type { Direction, ExecutionRecord, StepRecord } from '../engine/state.ts';
import { isHolding, leavesOf, type LeafStep, type RunbookStep } from '#contracts/runbooks/steps.ts';
import { carriedOut } from '../catalogue.ts';

/** An execution as its rows say: the journal of the interpreter in the registry. */
export interface Journal {
  runbook: string;
  version: number;
  /** As it is carried out: in practice other steps may stand for those of the version. */
  definition: RunbookDefinition;
  inputs: InputValues;
  practice: boolean;
  boundTo: string;
  execution: ExecutionRecord;
  /** By key. */
  stepIds: Map<string, string>;
  outputs: Record<string, Record<string, unknown> | null>;
}

interface Row {
  runbook: string;
  version: number;
  definition: RunbookDefinition;
  digest: string;
  inputs: InputValues;
  bound_to: string;
  practice: boolean;
  start_at: string | null;
  direction: Direction;
  stopped: { code: string; text: string } | null;
  began_at: string | null;
  overran: boolean;
  pause: boolean;
  cancel: boolean;
}

/** Read under the run's lock where it is going to be written. */
export async function readJournal(em: Sql, runId: string, now: number): Promise<Journal> {
  const [row] = await rows<Row>(em)`
    select e.*, v.definition, e.overran_at is not null as overran, r.pause_requested_at is not null as pause,
      r.cancel_requested_at is not null as cancel
    from runbook_executions e join runs r on r.id = e.run_id
    join runbook_versions v on v.name = e.runbook and v.version = e.version where e.run_id = ${runId}`;
  if (!row) throw new Error(`there is no execution ${runId}`);
  const steps = await rows<{
    step_id: string;
    key: string;
    record: StepRecord;
    output: Record<string, unknown> | null;
    approve: number;
    refuse: number;
  }>(em)`
    select s.step_id, s.key, s.record, s.output,
      (select count(*)::int from runbook_approvals a where a.step_id = s.step_id and a.round = (s.record->>'round')::int
        and a.bound_to = ${row.bound_to} and a.verdict = 'approve') as approve,
      (select count(*)::int from runbook_approvals a where a.step_id = s.step_id and a.round = (s.record->>'round')::int
        and a.verdict = 'refuse') as refuse
    from runbook_steps s where s.run_id = ${runId} order by s.position`;
  const startAt = row.start_at;
  const { runbook, version, inputs, practice } = row;
  const isSame =
    boundTo({ runbook, version, digest: digestOf(row.definition), inputs, practice, startAt }) === row.bound_to;
  return {
    ...{ runbook, version, inputs, practice, boundTo: row.bound_to },
    definition: { ...row.definition, steps: carriedOutSteps(row.definition.steps, practice) },
    execution: {
      now,
      startedAt: row.began_at === null ? null : Date.parse(isoOf(row.began_at)),
      isPractice: practice,
      direction: row.direction,
      stopped: row.stopped,
      broken: isSame
        ? null
        : { code: 'edited', text: 'Its version or its inputs are not what they were when it started.' },
      pauseRequested: row.pause,
      cancelRequested: row.cancel,
      overran: row.overran,
      steps: new Map(
        steps.map(({ key, record, approve, refuse }) => [
          key,
          { ...record, approvals: record.waitsFor === 'approval' ? { count: approve, refused: refuse > 0 } : null },
        ]),
      ),
    },
    stepIds: new Map(steps.map(({ key, step_id }) => [key, step_id])),
    outputs: Object.fromEntries(steps.map(({ key, output }) => [key, output])),
  };
}

/** In practice other steps may stand for those that are written. */
export const carriedOutSteps = (steps: readonly RunbookStep[], practice: boolean): RunbookStep[] =>
  steps.map((step) =>
    isHolding(step) ? { ...step, steps: carriedOutSteps(step.steps, practice) } : carriedOut(step, practice).leaf,
  );

export const leafOf = ({ definition }: Pick<Journal, 'definition'>, key: string): LeafStep => {
  const leaf = leavesOf(definition.steps).find(({ id }) => id === key);
  if (!leaf) throw new Error(`the runbook has no step ${key}`);
  return leaf;
};

/** What a turn changed, and the rows that the run's own page shows of it. */
export async function writeJournal(em: Sql, runId: string, before: Journal, after: ExecutionRecord): Promise<void> {
  await rows(em)`
    update runbook_executions set direction = ${after.direction}, stopped = ${after.stopped ? json(after.stopped) : null}::jsonb,
      began_at = coalesce(began_at, ${after.startedAt === null ? null : new Date(after.startedAt).toISOString()}::timestamptz),
      overran_at = case when ${after.overran} then coalesce(overran_at, now()) end
    where run_id = ${runId}`;
  const changed = [...after.steps.values()].filter(
    (step) => JSON.stringify(step) !== JSON.stringify(before.execution.steps.get(step.key)),
  );
  for (const step of changed) await writeStep(em, before.stepIds.get(step.key)!, step);
}

export async function writeStep(em: Sql, stepId: string, step: StepRecord): Promise<void> {
  const { approvals: _counted, ...record } = step;
  await rows(em)`update runbook_steps set record = ${json(record)}::jsonb where step_id = ${stepId}`;
  const isOver = ['done', 'failed', 'skipped', 'undone', 'undo_failed'].includes(step.state);
  await rows(em)`
    update run_steps set state = ${step.state}, reason_code = ${step.reason?.code ?? null}, reason = ${step.reason?.text ?? null},
      started_at = ${step.startedAt === null ? null : new Date(step.startedAt).toISOString()}::timestamptz,
      finished_at = case when ${isOver} then coalesce(finished_at, now()) end
    where id = ${stepId}`;
}
