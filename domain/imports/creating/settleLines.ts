import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/** The rate is told over the last while, so that it follows what happens now. */
const rateSeconds = 30;

/**
 * Notes what became of the tenants that were under way: their runs' rows say it. What is sealed of a tenant that is there now goes;
 * a line that failed keeps it, to be tried again.
 */
export async function settleLines(
  em: Sql,
  runId: string,
  importId: string,
): Promise<{ created: number; failed: number; existing: number }> {
  const settled = await rows<{ state: 'created' | 'failed' }>(em)`
    update import_lines l set
      state = case when r.state = 'succeeded' then 'created' else 'failed' end,
      sealed = case when r.state = 'succeeded' then null else l.sealed end,
      reason_code = case when r.state = 'succeeded' then null else coalesce(r.reason_code, r.state) end,
      reason = case when r.state = 'succeeded' then null
        else coalesce(r.reason, case r.state when 'cancelled' then 'Its run was cancelled.' else 'Its run ended without a reason.' end) end,
      updated_at = now()
    from runs r
    where l.import_id = ${importId} and l.state = 'creating' and r.id = l.run_id
      and r.state in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
    returning l.state`;
  const created = settled.filter(({ state }) => state === 'created').length;
  const failed = settled.length - created;
  await noteProgress(em, runId, importId, { done: settled.length, failed });
  return { created, failed, existing: 0 };
}

/** Counts what is done, and how many that were a second of late. */
export async function noteProgress(
  em: Sql,
  runId: string,
  importId: string,
  { done, failed }: { done: number; failed: number },
): Promise<void> {
  if (done === 0) return;
  await rows(em)`
    update run_progress p set done = done + ${done}::int, found = found + ${failed}::int, updated_at = now(), per_second = (
      select count(*) / greatest(1, extract(epoch from now() - greatest(now() - make_interval(secs => ${rateSeconds}::int), s.started_at)))
      from import_lines l, run_steps s
      where l.import_id = ${importId} and l.state in ('created', 'failed') and s.run_id = ${runId} and s.act = 'import.create'
        and l.updated_at >= greatest(now() - make_interval(secs => ${rateSeconds}::int), s.started_at)
      group by s.started_at)
    where run_id = ${runId}`;
}
