import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Reason, RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';
import { settleNewest, tellOfBackup, writtenBy } from './backupRow.ts';
import { discardRows } from './copying.ts';

/** The backup is there from now on: written, and read again. */
export const closeKept = (ledger: Ledger, ref: RunRef): Promise<{ seconds: number; bytes: number } | null> =>
  ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: null };
    // A cancel that was accepted counts, however far the copy had come: it is taken back.
    if (run.cancelRequestedAt !== null) throw new DomainError('run_over', 'It was cancelled before it counted.');
    const [kept] = await rows<{ id: string; tenant_id: string; at: string; bytes: string; seconds: number }>(em)`
      update backups set state = 'kept', finished_at = clock_timestamp()
      where run_id = ${run.id} and state = 'writing' and at is not null and verified_as = 'good'
      returning id, tenant_id, at, bytes::text, extract(epoch from clock_timestamp() - started_at)::float8 as seconds`;
    if (!kept) throw new Error(`run ${run.id} has made no backup`);
    await settleNewest(em, ref.tenantId);
    // What goes on account of the new one is looked at next.
    await rows(em)`
      update tenant_backups set failures = 0, failed_at = null, failure_code = null, failure = null, looked_at = null
      where tenant_id = ${ref.tenantId}`;
    await tellOfBackup(
      em,
      kept,
      { type: 'backup.made', data: { runId: run.id, bytes: Number(kept.bytes) } },
      run.actor,
    );
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: { seconds: kept.seconds, bytes: Number(kept.bytes) } };
  });

/** The backup that the undo is to remove; null when none was begun. It counts for nothing from now on. */
export const discardCopy = (ledger: Ledger, ref: RunRef): Promise<string | null> =>
  ledger.onRun(ref, async (em, run) => {
    const row = await writtenBy(em, run.id);
    if (row?.state === 'writing') await discardRows(em, [row.id]);
    const [last] = await rows<{ id: string }>(em)`
      select id from backups where run_id = ${run.id} and state = 'discarded' order by started_at desc limit 1`;
    return { changed: true, result: last?.id ?? null };
  });

/** What cannot be removed before a time, because a lock forbids it, is asked for again then. */
export const postponeRemoval = (em: Sql, backupId: string, failure: string, lockEnds: Date | null): Promise<unknown> =>
  rows(em)`
    update backups set remove_failure = ${failure}, locked_until = greatest(locked_until, ${lockEnds?.toISOString() ?? null}::timestamptz),
      remove_at = greatest(locked_until, ${lockEnds?.toISOString() ?? null}::timestamptz, now() + interval '1 hour')
    where id = ${backupId} and state in ('discarded', 'removing')`;

/** Ends a run whose backup was taken back. */
export const closeTakenBack = (ledger: Ledger, ref: RunRef, reason: Reason): Promise<RunState> =>
  ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    const outcome: RunState = run.cancelRequestedAt ? 'cancelled' : 'rolled_back';
    if (outcome === 'rolled_back') await noteFailure(em, ref.tenantId, run, reason);
    await moveRun(em, run, outcome);
    return { changed: true, result: outcome };
  });

/** Ends a run whose unfinished backup could not be removed: it is removed as soon as the place lets it, and the run is `rolled_back` then. */
export const closeLeft = (ledger: Ledger, ref: RunRef, reason: Reason): Promise<RunState> =>
  ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    await noteFailure(em, ref.tenantId, run, reason);
    await rows(em)`
      update backups set remove_at = now() + interval '1 minute', remove_failure = 'backup_left'
      where run_id = ${run.id} and state = 'discarded'`;
    const text = `${reason.text} What was written of it could not be removed yet; it is tried again by itself.`;
    await moveRun(em, run, 'needs_attention', { code: reason.code, text });
    return { changed: true, result: 'needs_attention' };
  });

/** For a run whose workflow was lost. */
export async function abandonBackup(em: Sql, run: LockedRun, reason: Reason): Promise<void> {
  const row = await writtenBy(em, run.id);
  if (row) await discardRows(em, [row.id]);
  // A moment that could not be fetched says nothing of how the tenant is protected.
  if (run.kind === 'backupTenant') await noteFailure(em, run.tenantId ?? '', run, reason);
}

async function noteFailure(em: Sql, tenantId: string, run: LockedRun, { code, text }: Reason): Promise<void> {
  await rows(em)`
    insert into tenant_backups (tenant_id, failures, failed_at, failure_code, failure)
    values (${tenantId}, 1, now(), ${code}, ${text})
    on conflict (tenant_id) do update set
      failures = tenant_backups.failures + 1, failed_at = now(), failure_code = ${code}, failure = ${text}`;
  const [row] = await rows<{ id: string }>(em)`
    select id from backups where run_id = ${run.id} order by started_at desc limit 1`;
  const of = { id: row?.id ?? run.id, tenant_id: tenantId };
  await tellOfBackup(em, of, { type: 'backup.failed', code, data: { runId: run.id } }, run.actor);
}
