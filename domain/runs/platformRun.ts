import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Reason } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { json, rows } from '../sql.ts';
import { finishFixedSteps } from './ending/closeRun.ts';
import { moveRun, type LockedRun } from './ledger.ts';

/** What a long run passed over, and why. `failed` is what it could not look at, which is no success. */
export interface Skipped {
  tenantId: string | null;
  what: string;
  why: string;
  failed?: true;
}

const skippedKept = 200;

/** The first batch of a run begins it, and counts what lies ahead. Returns whether that was now. */
export async function beginPlatformRun(
  em: Sql,
  run: LockedRun,
  count: () => Promise<{ count: number }[]> = async () => [],
): Promise<boolean> {
  if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
  if (run.state !== 'queued') return false;
  await moveRun(em, run, 'running');
  const [ahead] = await count();
  await rows(
    em,
  )`insert into run_progress (run_id, total) values (${run.id}, ${ahead?.count ?? null}) on conflict do nothing`;
  await rows(em)`
    update run_steps set state = 'running', attempt = 1, started_at = now()
    where run_id = ${run.id} and position = 0 and state = 'pending'`;
  return true;
}

/** Where a run goes on from; null at its beginning. */
export async function placeOf(em: Sql, runId: string): Promise<string | null> {
  const [progress] = await rows<{ place: string | null }>(em)`select place from run_progress where run_id = ${runId}`;
  return progress?.place ?? null;
}

/** Goes on from `from` to `to`, once: false when an earlier attempt did it already, and then nothing may be counted again. */
export async function advance(
  em: Sql,
  runId: string,
  from: string | null,
  to: string | null,
  came: { done: number; found: number; skipped: Skipped[] },
): Promise<boolean> {
  const advanced = await rows(em)`
    update run_progress set place = ${to}, done = done + ${came.done}::int, found = found + ${came.found}::int, updated_at = now(),
      skipped = case when jsonb_array_length(skipped) < ${skippedKept} then skipped || ${json(came.skipped)}::jsonb else skipped end
    where run_id = ${runId} and place is not distinct from ${from} returning run_id`;
  return advanced.length > 0;
}

/** Ends a platform run by what it came to: what could not be looked at makes it one that needs a person. */
export async function closePlatformRun(em: Sql, run: LockedRun, refusal: Reason | null = null): Promise<RunState> {
  const failed = await rows<Skipped>(em)`
    select s.* from run_progress, jsonb_to_recordset(skipped) as s ("tenantId" uuid, what text, why text, failed boolean)
    where run_id = ${run.id} and s.failed`;
  if (run.state === 'queued') await moveRun(em, run, 'running');
  const reason = refusal ?? (failed[0] ? incomplete(failed) : null);
  if (reason) {
    await rows(em)`
      update run_steps set state = 'failed', finished_at = now(), reason_code = ${reason.code}, reason = ${reason.text}
      where run_id = ${run.id} and state in ('pending', 'running')`;
    await moveRun(em, run, 'needs_attention', reason);
    return 'needs_attention';
  }
  await rows(
    em,
  )`update run_steps set state = 'done', finished_at = now() where run_id = ${run.id} and state = 'running'`;
  await finishFixedSteps(em, run.id);
  await moveRun(em, run, 'succeeded');
  return 'succeeded';
}

const incomplete = (failed: Skipped[]): Reason => ({
  code: 'check_incomplete',
  text: `Not everything could be looked at: ${failed
    .slice(0, 3)
    .map(({ what, why }) => `${what} (${why})`)
    .join(' · ')}${failed.length > 3 ? ` and ${failed.length - 3} more` : ''}.`,
});
