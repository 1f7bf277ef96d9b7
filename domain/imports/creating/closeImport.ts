import type { ImportState } from '#contracts/imports/imports.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { moveRun, type LockedRun } from '../../runs/ledger.ts';
import { closePlatformRun } from '../../runs/platformRun.ts';
import { rows } from '../../sql.ts';
import type { ImportRow } from '../importRow.ts';

interface Counts {
  created: number;
  existing: number;
  failed: number;
  left: number;
}

/**
 * Ends an import, and its run with it, by what its lines came to. Lines that failed make it one that needs a person, who tries them
 * again; one that was cancelled keeps what it made.
 */
export async function closeImport(em: Sql, run: LockedRun, file: ImportRow): Promise<void> {
  const [counts] = await rows<Counts>(em)`
    select count(*) filter (where state = 'created')::integer as created, count(*) filter (where state = 'existing')::integer as existing,
           count(*) filter (where state = 'failed')::integer as failed, count(*) filter (where state in ('valid', 'creating'))::integer as left
    from import_lines where import_id = ${file.id}`;
  const { failed = 0, left = 0 } = counts ?? {};
  const state: ImportState = left > 0 ? 'cancelled' : failed > 0 ? 'incomplete' : 'done';
  await end(em, run, file, state, { ...counts });
  if (run.cancelRequestedAt && left > 0) return stop(em, run);
  const reason = {
    code: 'import_incomplete',
    text: `${failed} of the tenants could not be made. The import names each with its reason, and tries them again.`,
  };
  await closePlatformRun(em, run, failed > 0 && file.state === 'creating' ? reason : null);
  if (failed === 0) await settleParents(em, run.id);
}

/** Before anything was made of it: nobody started it in time, or somebody said no. */
export async function giveUp(em: Sql, run: LockedRun, file: ImportRow, state: 'cancelled' | 'expired'): Promise<void> {
  await rows(em)`delete from import_chunks where import_id = ${file.id}`;
  await end(em, run, file, state, {});
  await stop(em, run);
}

async function end(
  em: Sql,
  run: LockedRun,
  file: ImportRow,
  state: ImportState,
  data: Record<string, unknown>,
): Promise<void> {
  await rows(em)`
    update imports set state = ${state}, finished_at = now(), expires_at = null, check_token = null where id = ${file.id}`;
  await rows(em)`update run_progress set per_second = null where run_id = ${run.id}`;
  await appendEvent(em, { stream: `import:${file.id}`, type: `import.${state}`, tenantId: null, data }, run.actor);
}

async function stop(em: Sql, run: LockedRun): Promise<void> {
  await rows(em)`
    update run_steps set state = 'skipped', finished_at = now()
    where run_id = ${run.id} and state in ('pending', 'running', 'waiting')`;
  await moveRun(em, run, 'cancelled');
}

/** What an earlier run had to leave is done now: it needs nobody any more. */
async function settleParents(em: Sql, runId: string): Promise<void> {
  await rows(em)`
    with recursive earlier as (
      select parent_run_id as id from runs where id = ${runId}
      union select r.parent_run_id from runs r join earlier e on r.id = e.id
    )
    update runs set state = 'succeeded', version = version + 1
    where id in (select id from earlier) and kind = 'importTenants' and state = 'needs_attention'`;
}
