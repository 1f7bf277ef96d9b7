import { sql, type RawBuilder } from 'kysely';
import { stepStatesBefore, type StepState } from '#contracts/runStates.ts';
import { pausableKinds, type RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { isHeld } from './deciding/holds.ts';

/** One execution of an activity by its number within its workflow, and the attempt of that execution. */
export interface Attempt {
  execution: number;
  attempt: number;
}

type Step = RunRef & { stepId: string };

/** What an attempt writes at its step when it begins; an attempt whose worker died before it could tell counts too. */
export const begin = (to: StepState, { execution, attempt }: Attempt): RawBuilder<unknown> => sql`
  state = ${to}, execution = ${execution}, execution_attempt = ${attempt},
  attempt = case when ${to} = 'running' then greatest(step.attempt + 1, ${attempt}::int) else step.attempt end,
  undo_attempt = case when ${to} = 'undoing' then greatest(step.undo_attempt + 1, ${attempt}::int) else step.undo_attempt end,
  started_at = coalesce(step.started_at, now()), finished_at = null`;

/** Whether an attempt may begin as far as its own step knows: executions are numbered as their workflow asked for them. */
export const mayBegin = (to: StepState, { execution, attempt }: Attempt): RawBuilder<boolean> => sql`
  (step.state = any(${stepStatesBefore(to)}) or step.state = ${to})
  and (step.execution, step.execution_attempt) <= (${execution}::int, ${attempt}::int)`;

/** Whether a step of this run is not to be begun now; only acts are held. */
export const isHeldNow = (to: StepState): RawBuilder<boolean> => sql`
  (${to} = 'running' and run.kind = any(${pausableKinds}) and ${isHeld})`;

/**
 * The moves that nearly every step makes when all goes well, each in one statement instead of a transaction of five.
 *
 * @returns the run's new version; null when the move is not that plain, and the long way has to decide
 */
export async function beginPlainly(em: Sql, step: Step, to: StepState, attempt: Attempt): Promise<number | null> {
  const [run] = await rows<{ version: number }>(em)`
    with run as (
      select id, epoch, kind, pause_requested_at from runs
      where id = ${step.runId} and epoch = ${step.epoch} and state in ('running', 'rolling_back') and held_by is null
      for update
    ), begun as (
      update run_steps as step set ${begin(to, attempt)} from run
      where step.id = ${step.stepId} and step.run_id = run.id and step.epoch = run.epoch
        and ${mayBegin(to, attempt)} and not ${isHeldNow(to)}
      returning step.id
    )
    update runs set version = version + 1 where id = ${step.runId} and exists (select 1 from begun) returning version`;
  return run?.version ?? null;
}

/** Whether this execution has done the step: a local activity whose marker was lost is carried out again. */
export async function isDoneBy(em: Sql, stepId: string, { execution }: Attempt): Promise<boolean> {
  const done = await rows(em)`
    select 1 from run_steps where id = ${stepId} and state = 'done' and execution = ${execution}`;
  return done.length > 0;
}

export interface PlainlyDone {
  version: number;
  provider: string;
  startedAt: string | null;
}

/** The same for a step that is done. Where a provider proves well that was cut off, there is more to write than this. */
export async function finishPlainly(em: Sql, step: Step): Promise<PlainlyDone | null> {
  const [done] = await rows<PlainlyDone>(em)`
    with run as (
      select id from runs where id = ${step.runId} and epoch = ${step.epoch} for update
    ), moved as (
      update run_steps as step set state = 'done', finished_at = now(), reason_code = null, reason = null from run
      where step.id = ${step.stepId} and step.run_id = run.id and step.state = any(${stepStatesBefore('done')})
        and not exists (select 1 from circuits c where c.provider = step.provider and c.state <> 'closed')
      returning step.provider, step.kind, step.started_at
    ), proven as (
      delete from circuits where state = 'closed' and provider in (select provider from moved where kind = 'resource')
    ), touched as (
      update runs set version = version + 1 where id = ${step.runId} and exists (select 1 from moved) returning version
    )
    select touched.version, moved.provider, moved.started_at as "startedAt" from touched, moved`;
  return done ?? null;
}
