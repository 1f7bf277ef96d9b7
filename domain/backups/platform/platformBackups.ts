import { v7 as newId } from 'uuid';
import { sep } from 'node:path';
import type { PlatformBackup, PlatformBackupList } from '#contracts/backups/platformBackups.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { PlatformRef, Reason } from '#contracts/workflowInputs.ts';
import type { Configuration } from '../../configuration.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, theSystem, type Actor } from '../../events/appendEvent.ts';
import { isoOf } from '../../isoOf.ts';
import type { Ledger } from '../../runs/ledger.ts';
import { addSteps, openRun } from '../../runs/openRun.ts';
import { beginPlatformRun, closePlatformRun } from '../../runs/platformRun.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';
import type { WrittenPlatformBackup } from './writePlatformBackup.ts';

const listed = 50;

const step = (title: string, act: string) => ({
  ...{ title, act, kind: 'fixed' as const, provider: 'platformBackup', undo: null },
});

/** In the order in which the workflow asks for them. */
export const platformBackupSteps = ['write', 'prove', 'clear'] as const;
export type PlatformBackupStep = (typeof platformBackupSteps)[number];

/** Opens the run that backs up the control plane itself. Refuses with `run_in_progress`. */
export async function openPlatformBackup(em: Sql, _tenantId: null, actor: Actor, runId = newId()): Promise<string> {
  await openRun(em, { id: runId, kind: 'backupPlatform', tenantId: null, exclusive: false, cancellable: false }, actor);
  await addSteps(em, runId, [
    step('Write the registry and what lies beside it', 'platformBackup.write'),
    step('Read all of it again', 'platformBackup.prove'),
    step('Remove what is older than what is kept', 'platformBackup.clear'),
  ]);
  return runId;
}

/** A row before the first file, one for each attempt: one that was frozen and wakes up writes beside its successor, not into it. */
export async function beginPlatformBackup(ledger: Ledger, ref: PlatformRef): Promise<string> {
  return ledger.onRun(ref, async (em, run) => {
    await beginPlatformRun(em, run);
    const id = newId();
    await rows(em)`
      update platform_backups set state = 'failed' where run_id = ${run.id} and state in ('writing', 'written')`;
    await rows(em)`insert into platform_backups (id, run_id, state) values (${id}, ${run.id}, 'writing')`;
    return { changed: true, result: id };
  });
}

export async function notePlatformBackupWritten(
  ledger: Ledger,
  ref: PlatformRef,
  id: string,
  { at, tables, rows: count, bytes }: WrittenPlatformBackup,
): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    const noted = await rows(em)`
      update platform_backups set state = 'written', at = ${at}, tables = ${tables}, rows = ${count}, bytes = ${bytes}
      where id = ${id} and state = 'writing' returning 1`;
    if (noted.length > 0) await finishStep(em, run.id, 'write');
    return { changed: noted.length > 0, result: undefined };
  });
}

/** What the run wrote; null when the last attempt did not come to its end. */
export async function writtenOf(em: Sql, runId: string): Promise<{ id: string; isProven: boolean } | null> {
  const [row] = await rows<{ id: string; state: string }>(em)`
    select id, state from platform_backups where run_id = ${runId} and state in ('written', 'proven')
    order by created_at desc limit 1`;
  return row ? { id: row.id, isProven: row.state === 'proven' } : null;
}

export async function notePlatformBackupProven(ledger: Ledger, ref: PlatformRef, id: string): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    const proven = await rows<{ at: string; tables: number; rows: string; bytes: string }>(em)`
      update platform_backups set state = 'proven', proven_at = clock_timestamp() where id = ${id} and state = 'written'
      returning at, tables, rows::text, bytes::text`;
    const [row] = proven;
    if (!row) return { changed: false, result: undefined };
    await finishStep(em, run.id, 'prove');
    const data = { backupId: id, at: isoOf(row.at), rows: Number(row.rows), bytes: Number(row.bytes) };
    await appendEvent(em, { stream: `run:${run.id}`, type: 'platform.backed_up', tenantId: null, data }, run.actor);
    return { changed: true, result: undefined };
  });
}

/** What need not lie in the place any more: all but the newest proven ones, and what was never finished by a run that is over. */
export async function outdatedPlatformBackups(em: Sql, runId: string, kept: number): Promise<string[]> {
  const found = await rows<{ id: string }>(em)`
    select id from platform_backups b
    where removed_at is null and run_id is distinct from ${runId} and (
      (state = 'proven' and id not in (
        select id from platform_backups where state = 'proven' order by created_at desc limit ${kept}))
      or (state in ('writing', 'written', 'failed') and exists (
        select 1 from runs r where r.id = b.run_id and r.state in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))))
    union all
    select id from platform_backups where run_id = ${runId} and state = 'failed' and removed_at is null`;
  return found.map(({ id }) => id);
}

export const markPlatformBackupRemoved = (em: Sql, id: string): Promise<unknown> =>
  rows(em)`update platform_backups set state = 'removed', removed_at = clock_timestamp() where id = ${id}`;

/** Ends the run. One that failed asks for a person: it may be the backup that somebody will need. */
export async function closePlatformBackup(ledger: Ledger, ref: PlatformRef, refusal: Reason | null): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    if (refusal) {
      await rows(em)`
        update platform_backups set state = 'failed' where run_id = ${run.id} and state in ('writing', 'written')`;
      await openTask(em, { ...about(run.id), reason: refusal }, run.actor);
      await appendEvent(
        em,
        {
          ...{ stream: `run:${run.id}` as const, type: 'platform.backup_failed', tenantId: null },
          ...{ outcome: 'failed' as const, code: refusal.code },
        },
        run.actor,
      );
    } else await closeTasks(em, { platform: true, kinds: ['platform_backup'] }, run.actor);
    return { changed: true, result: await closePlatformRun(em, run, refusal) };
  });
}

const about = (runId: string) => ({
  ...{ kind: 'platform_backup' as const, runId, tenantId: null },
  title: 'The control plane could not be backed up',
});

async function finishStep(em: Sql, runId: string, name: PlatformBackupStep): Promise<void> {
  const position = platformBackupSteps.indexOf(name);
  await rows(em)`
    update run_steps set state = 'done', attempt = 1, started_at = coalesce(started_at, now()), finished_at = now()
    where run_id = ${runId} and position = ${position}`;
  await rows(em)`
    update run_steps set state = 'running', attempt = 1, started_at = now()
    where run_id = ${runId} and position = ${position + 1} and state = 'pending'`;
}

export async function listPlatformBackups(
  em: Sql,
  { backups, dataDir }: Pick<Configuration, 'backups' | 'dataDir'>,
): Promise<PlatformBackupList> {
  const found = await rows<Omit<PlatformBackup, 'rows' | 'bytes'> & { rows: string | null; bytes: string | null }>(em)`
    select id, run_id as "runId", state, at, tables, rows::text, bytes::text, created_at as "createdAt", proven_at as "provenAt"
    from platform_backups where state <> 'removed' order by created_at desc limit ${listed}`;
  const { place, platformAt, platformKept } = backups;
  const two = (number: number): string => String(number).padStart(2, '0');
  return {
    place,
    isBesideTheData: place === dataDir || place.startsWith(`${dataDir}${sep}`),
    at: platformAt && `${two(platformAt.hour)}:${two(platformAt.minute)}`,
    kept: platformKept,
    items: found.map((row) => ({
      ...row,
      at: row.at && isoOf(row.at),
      rows: row.rows === null ? null : Number(row.rows),
      bytes: row.bytes === null ? null : Number(row.bytes),
      createdAt: isoOf(row.createdAt),
      provenAt: row.provenAt && isoOf(row.provenAt),
    })),
  };
}

/** One that the command wrote and read again; there is no run that would tell of it. */
export async function recordPlatformBackup(em: Sql, id: string, written: WrittenPlatformBackup): Promise<void> {
  const { at, tables, rows: count, bytes } = written;
  await em.transactional(async (tx) => {
    await rows(tx)`
      insert into platform_backups (id, state, at, tables, rows, bytes, proven_at)
      values (${id}, 'proven', ${at}, ${tables}, ${count}, ${bytes}, clock_timestamp())`;
    const [installation] = await rows<{ id: string }>(tx)`select id from installations for update`; // the stream's row
    const data = { backupId: id, at, rows: count, bytes };
    await appendEvent(
      tx,
      { stream: `platform:${installation?.id}`, type: 'platform.backed_up', tenantId: null, data },
      theSystem,
    );
  });
}

/** How old the newest proven backup is, in seconds; null when there is none. */
export async function ageOfNewestProven(em: Sql): Promise<number | null> {
  const [newest] = await rows<{ age: string | null }>(em)`
    select extract(epoch from now() - max(at)) as age from platform_backups where state = 'proven'`;
  return newest?.age == null ? null : Number(newest.age);
}
