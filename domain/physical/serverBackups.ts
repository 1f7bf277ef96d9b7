import { v7 as newId } from 'uuid';
import type { Reason } from '#contracts/workflowInputs.ts';
import type { PhysicalSettings } from '../settings/physical.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem } from '../events/appendEvent.ts';
import { json, rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';

/** A base backup comes every day; one that is two hours late is late. */
const oldestBaseSeconds = 26 * 60 * 60;
/** What failed for good is not tried again every few minutes. */
const pauseMinutes = 30;

const dayMs = 86_400_000;

/** The last moment at which one was to come; null when none is wanted. */
function lastDue(now: Date, { baseAt }: Pick<PhysicalSettings, 'baseAt'>): Date | null {
  if (!baseAt) return null;
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), baseAt.hour, baseAt.minute);
  return new Date(today <= now.getTime() ? today : today - dayMs);
}

/**
 * Whether a base backup is to be made now: there is none, none since the day's time, or the archive has a gap behind which nothing can be reached
 * until there is a newer one.
 */
export async function baseIsDue(em: Sql, now: Date, physical: Pick<PhysicalSettings, 'baseAt'>): Promise<boolean> {
  const due = lastDue(now, physical);
  if (!due) return false;
  const [found] = await rows<{ due: boolean }>(em)`
    select (not exists (select 1 from server_backups where state = 'proven' and created_at >= ${due.toISOString()}::timestamptz)
        or exists (select 1 from archive_checks c where jsonb_array_length(c.gaps) > 0
          and not exists (select 1 from server_backups b where b.state = 'proven' and b.reaches_from > c.checked_at)))
      and not exists (select 1 from server_backups where state = 'failed' and created_at > now() - make_interval(mins => ${pauseMinutes})) as due`;
  return found?.due ?? false;
}

/** A row before the first file. What an attempt left that was killed counts for nothing. */
export async function beginBase(em: Sql): Promise<string> {
  const id = newId();
  await em.transactional(async (tx) => {
    await rows(tx)`update server_backups set state = 'removed', removed_at = now() where state = 'writing'`;
    await rows(tx)`insert into server_backups (id, state) values (${id}, 'writing')`;
  });
  return id;
}

export interface WrittenBase {
  stoppedAt: Date;
  files: number;
  bytes: number;
  storedBytes: number;
}

/** It was written, and all of it read again. */
export async function noteBaseProven(em: Sql, id: string, written: WrittenBase, gone: string[]): Promise<void> {
  const { stoppedAt, files, bytes, storedBytes } = written;
  await em.transactional(async (tx) => {
    await rows(tx)`
      update server_backups set state = 'proven', proven_at = clock_timestamp(), reaches_from = ${stoppedAt.toISOString()}::timestamptz,
        files = ${files}, bytes = ${bytes}, stored_bytes = ${storedBytes} where id = ${id}`;
    await rows(tx)`
      update server_backups set state = 'removed', removed_at = clock_timestamp() where id = any(${gone}::uuid[])`;
    await tell(tx, { type: 'server.backed_up', data: { backupId: id, reachesFrom: stoppedAt.toISOString(), bytes } });
    await closeTasks(tx, { platform: true, kinds: ['server_backup'] }, theSystem);
  });
}

/** It asks for a person: it may be what somebody will need. */
export async function noteBaseFailed(em: Sql, id: string, reason: Reason): Promise<void> {
  await em.transactional(async (tx) => {
    await rows(tx)`update server_backups set state = 'failed' where id = ${id}`;
    await tell(tx, { type: 'server.backup_failed', code: reason.code, data: { backupId: id } });
    const title = 'The whole server could not be backed up';
    await openTask(tx, { kind: 'server_backup', runId: null, tenantId: null, title, reason });
  });
}

export interface FoundArchive {
  reachesFrom: string | null;
  reachesUntil: string | null;
  segments: number;
  storedBytes: number;
  waiting: number;
  gaps: { timeline: number; first: string; last: string }[];
  failing: string | null;
  /** What each base backup reaches, the oldest first. */
  windows: FoundWindow[];
}

export interface FoundWindow {
  baseId: string;
  from: string;
  until: string;
  /** The first file that is missing behind it. */
  gap: string | null;
}

/** Keeps what a check found; what is wrong is a task and an event, what is well again closes it. Returns whether it is whole. */
export async function noteArchive(em: Sql, found: FoundArchive): Promise<boolean> {
  return em.transactional(async (tx) => {
    const { reachesFrom, reachesUntil, segments, storedBytes, waiting, gaps, failing, windows } = found;
    await rows(tx)`
      insert into archive_checks (only_one, checked_at, reaches_from, reaches_until, segments, stored_bytes, waiting, gaps, failing, windows)
      values (true, clock_timestamp(), ${reachesFrom}::timestamptz, ${reachesUntil}::timestamptz, ${segments}, ${storedBytes}, ${waiting},
        ${json(gaps)}::jsonb, ${failing}, ${json(windows)}::jsonb)
      on conflict (only_one) do update set checked_at = excluded.checked_at, reaches_from = excluded.reaches_from,
        reaches_until = excluded.reaches_until, segments = excluded.segments, stored_bytes = excluded.stored_bytes,
        waiting = excluded.waiting, gaps = excluded.gaps, failing = excluded.failing, windows = excluded.windows`;
    const { newest } = await agesOfServerBackups(tx);
    if (newest !== null && newest > oldestBaseSeconds) await tellStale(tx, newest);
    return settleArchive(tx, whatIsWrong(found));
  });
}

/** Where it could not even be looked at. */
export const noteArchiveAway = (em: Sql, reason: Reason): Promise<boolean> =>
  em.transactional((tx) => settleArchive(tx, reason));

function whatIsWrong({ gaps: [gap], failing }: FoundArchive): Reason | null {
  if (failing !== null)
    return { code: 'physical_archive_stalled', text: `The server does not hand over its log. ${failing}` };
  if (!gap) return null;
  return {
    code: 'physical_wal_gap',
    text: `The archive has a gap: ${gap.first} to ${gap.last} are missing. A new base backup begins a new window behind it.`,
  };
}

async function settleArchive(em: Sql, reason: Reason | null): Promise<boolean> {
  if (reason === null) {
    await closeTasks(em, { platform: true, kinds: ['archive_broken'] }, theSystem);
    return true;
  }
  const title = "The server's archive is not whole";
  await openTask(em, { kind: 'archive_broken', runId: null, tenantId: null, title, reason });
  await tell(em, { type: 'archive.broken', code: reason.code });
  return false;
}

async function tellStale(em: Sql, ageSeconds: number): Promise<void> {
  const text = `The newest base backup is ${Math.floor(ageSeconds / 3_600)} hours old, and one is made every day.`;
  const reason = { code: 'physical_not_found', text };
  await openTask(em, {
    kind: 'server_backup',
    runId: null,
    tenantId: null,
    title: 'The base backup is too old',
    reason,
  });
}

async function tell(
  em: Sql,
  { code, ...event }: { type: `${'server' | 'archive'}.${string}`; data?: Record<string, unknown>; code?: string },
): Promise<void> {
  const [installation] = await rows<{ id: string }>(em)`select id from installations for update`; // the stream's row
  const failed = code === undefined ? {} : { outcome: 'failed' as const, code };
  await appendEvent(
    em,
    { stream: `platform:${installation?.id}`, tenantId: null, data: {}, ...event, ...failed },
    theSystem,
  );
}

/** In seconds: of the newest proven base backup, and since the archive was looked at; null when there is none. */
export async function agesOfServerBackups(em: Sql): Promise<{ newest: number | null; check: number | null }> {
  const [found] = await rows<{ newest: number | null; check: number | null }>(em)`
    select (select extract(epoch from now() - max(reaches_from))::float8 from server_backups where state = 'proven') as newest,
      (select extract(epoch from now() - checked_at)::float8 from archive_checks) as check`;
  return found ?? { newest: null, check: null };
}

/** Whose scratch servers are still wanted: of runs that are not over. */
export async function isOpenRun(em: Sql, runId: string): Promise<boolean> {
  const found = await rows(em)`
    select 1 from runs where id = ${runId} and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  return found.length > 0;
}
