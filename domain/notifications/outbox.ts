import type { Channel, TaskKind } from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import type { Notice } from './queueNotifications.ts';
import { rows } from '../sql.ts';

/** Longer than any sending takes: what a killed process had taken is taken again after it. */
const leaseSeconds = 60;
/** After each attempt that failed; a day and a half in all. */
const backoffSeconds = [5, 30, 2 * 60, 10 * 60, 3600, 3 * 3600, 8 * 3600, 24 * 3600];

export interface DueNotification {
  id: string;
  attempts: number;
  createdAt: string;
  target: { id: string; channel: Channel; sealed_address: Buffer; sealed_secret: Buffer | null };
  /** Null for a notice, and for a test. */
  task: { id: string; kind: TaskKind; title: string; runId: string | null; tenantId: string | null } | null;
  notice: Notice | null;
}

/** Takes what is due, for as long as a sending may take; nobody else gets the same meanwhile. */
export async function takeDue(em: Sql, count: number): Promise<DueNotification[]> {
  const taken = await rows<{
    id: string;
    attempts: number;
    created_at: string;
    target_id: string;
    channel: Channel;
    sealed_address: Buffer;
    sealed_secret: Buffer | null;
    task_id: string | null;
    kind: TaskKind;
    title: string;
    run_id: string | null;
    tenant_id: string | null;
    notice: Notice | null;
  }>(em)`
    with due as (
      select n.id from notifications n join notification_targets t on t.id = n.target_id
      where n.state = 'waiting' and n.next_attempt_at <= now() and (t.enabled or (n.task_id is null and n.notice is null))
      order by n.next_attempt_at limit ${count} for update of n skip locked),
    taken as (
      update notifications set attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => ${leaseSeconds}::int)
      where id in (select id from due) returning *)
    select taken.id, taken.attempts, taken.created_at, taken.target_id, t.channel, t.sealed_address, t.sealed_secret,
           taken.task_id, taken.notice, task.kind, task.title, task.run_id, task.tenant_id
    from taken join notification_targets t on t.id = taken.target_id left join tasks task on task.id = taken.task_id`;
  return taken.map((row) => ({
    id: row.id,
    attempts: row.attempts,
    createdAt: new Date(row.created_at).toISOString(),
    target: {
      id: row.target_id,
      channel: row.channel,
      sealed_address: row.sealed_address,
      sealed_secret: row.sealed_secret,
    },
    task:
      (row.task_id && {
        id: row.task_id,
        kind: row.kind,
        title: row.title,
        runId: row.run_id,
        tenantId: row.tenant_id,
      }) ||
      null,
    notice: row.notice,
  }));
}

export const markSent = (em: Sql, id: string): Promise<unknown> =>
  rows(
    em,
  )`update notifications set state = 'sent', sent_at = now(), last_error = null where id = ${id} and state = 'waiting'`;

/**
 * An attempt failed: it is tried again later, or given up when it never can succeed or was tried often enough.
 *
 * @param why a sentence that names no address, for people with the permission to see it
 */
export async function markFailed(
  em: Sql,
  { id, attempts }: Pick<DueNotification, 'id' | 'attempts'>,
  { why, forGood, afterMs }: { why: string; forGood: boolean; afterMs: number | null },
): Promise<'failed' | 'dead'> {
  const pause = backoffSeconds[attempts - 1];
  const isDead = forGood || pause === undefined;
  const seconds = Math.min(24 * 3600, Math.max(pause ?? 0, Math.ceil((afterMs ?? 0) / 1000)));
  await rows(em)`
    update notifications set state = ${isDead ? 'dead' : 'waiting'}, last_error = ${why},
      next_attempt_at = now() + make_interval(secs => ${seconds}::int)
    where id = ${id} and state = 'waiting'`;
  return isDead ? 'dead' : 'failed';
}
