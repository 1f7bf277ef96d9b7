import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type {
  Channel,
  NewNotificationTarget,
  NoticeKind,
  Notification,
  NotificationKind,
  NotificationTarget,
  NotificationTargetChange,
  NotificationTargetCreated,
} from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { seal, unseal, type Keyring } from '../secrets/keyring.ts';
import { writeWebhookSecret } from '../secrets/standardWebhooks.ts';
import { rows } from '../sql.ts';

const mostTargets = 100;
const recentCount = 5;

/** Whom to tell of tasks. Addresses and secrets rest under the platform's key. Refuses with `invalid_request`. */
export async function addTarget(
  em: Sql,
  keyring: Keyring,
  wanted: NewNotificationTarget,
  actor: Actor,
): Promise<NotificationTargetCreated> {
  const id = newId();
  const secret = wanted.channel === 'webhook' ? randomBytes(32) : null;
  const { platformKey } = keyring;
  const added = await rows(em)`
    insert into notification_targets (id, title, channel, sealed_address, sealed_secret, kinds)
    select ${id}, ${wanted.title}, ${wanted.channel}, ${seal(platformKey, Buffer.from(wanted.address), contextOf(id, 'address'))}::bytea,
           ${secret && seal(platformKey, secret, contextOf(id, 'secret'))}::bytea, ${[...new Set(wanted.kinds)]}::text[]
    where (select count(*) from notification_targets) < ${mostTargets}::int returning id`;
  if (added.length === 0)
    throw new DomainError('invalid_request', `There are ${mostTargets} of them already; remove one first.`);
  await append(em, id, 'added', { channel: wanted.channel, kinds: wanted.kinds }, actor);
  return { target: await readTarget(em, keyring, id), secret: secret && writeWebhookSecret(secret) };
}

/** Refuses with `not_found`. */
export async function changeTarget(
  em: Sql,
  keyring: Keyring,
  id: string,
  { title, kinds, enabled }: z.infer<typeof NotificationTargetChange>,
  actor: Actor,
): Promise<NotificationTarget> {
  await rows(em)`
    update notification_targets set title = coalesce(${title ?? null}, title), enabled = coalesce(${enabled ?? null}::boolean, enabled),
      kinds = coalesce(${kinds ? [...new Set(kinds)] : null}::text[], kinds), updated_at = now()
    where id = ${id}`;
  const changed = await readTarget(em, keyring, id);
  await append(em, id, 'changed', { kinds: changed.kinds, enabled: changed.enabled }, actor);
  return changed;
}

/** Refuses with `not_found`. What still waits for it is told to nobody. */
export async function removeTarget(em: Sql, id: string, actor: Actor): Promise<void> {
  const removed = await rows(em)`delete from notification_targets where id = ${id} returning id`;
  if (removed.length === 0) throw unknownTarget();
  await append(em, id, 'removed', {}, actor);
}

/** Puts a message into the outbox that says that messages arrive. Refuses with `not_found`. */
export async function queueTest(em: Sql, keyring: Keyring, id: string): Promise<NotificationTarget> {
  await rows(em)`insert into notifications (target_id) select id from notification_targets where id = ${id}`;
  return readTarget(em, keyring, id);
}

interface TargetRow {
  id: string;
  title: string;
  channel: Channel;
  sealed_address: Buffer;
  kinds: NotificationKind[];
  enabled: boolean;
  created_at: string;
  waiting: number;
  dead: number;
}

export async function listTargets(em: Sql, keyring: Keyring, id: string | null = null): Promise<NotificationTarget[]> {
  const found = await rows<TargetRow>(em)`
    select t.*, (select count(*)::integer from notifications where target_id = t.id and state = 'waiting') as waiting,
           (select count(*)::integer from notifications where target_id = t.id and state = 'dead') as dead
    from notification_targets t where ${id}::uuid is null or t.id = ${id} order by t.created_at, t.id`;
  const recent = await recentOf(
    em,
    found.map((target) => target.id),
  );
  return found.map((row) => ({
    id: row.id,
    title: row.title,
    channel: row.channel,
    address: addressOf(keyring, row),
    kinds: row.kinds,
    enabled: row.enabled,
    createdAt: new Date(row.created_at).toISOString(),
    waiting: row.waiting,
    dead: row.dead,
    recent: recent.filter(({ targetId }) => targetId === row.id).map(({ notification }) => notification),
  }));
}

export const addressOf = ({ platformKey }: Keyring, target: { id: string; sealed_address: Buffer }): string =>
  unseal(platformKey, target.sealed_address, contextOf(target.id, 'address')).toString();

export const secretOf = ({ platformKey }: Keyring, target: { id: string; sealed_secret: Buffer }): Buffer =>
  unseal(platformKey, target.sealed_secret, contextOf(target.id, 'secret'));

const contextOf = (id: string, what: 'address' | 'secret'): string => `notification-target/${id}/${what}`;

async function readTarget(em: Sql, keyring: Keyring, id: string): Promise<NotificationTarget> {
  const [target] = await listTargets(em, keyring, id);
  if (!target) throw unknownTarget();
  return target;
}

const unknownTarget = () => new DomainError('not_found', 'Nobody is told there.');

async function recentOf(em: Sql, ids: string[]): Promise<{ targetId: string; notification: Notification }[]> {
  const found = await rows<{
    id: string;
    target_id: string;
    task_id: string | null;
    notice: { kind: NoticeKind } | null;
    state: Notification['state'];
    attempts: number;
    next_attempt_at: string;
    last_error: string | null;
    created_at: string;
    sent_at: string | null;
  }>(em)`
    select n.* from unnest(${ids}::uuid[]) as target (id)
    join lateral (select * from notifications where target_id = target.id order by created_at desc limit ${recentCount}) n on true`;
  return found.map((row) => ({
    targetId: row.target_id,
    notification: {
      id: row.id,
      taskId: row.task_id,
      notice: row.notice && row.notice.kind,
      state: row.state,
      attempts: row.attempts,
      nextAttemptAt: row.state === 'waiting' ? new Date(row.next_attempt_at).toISOString() : null,
      lastError: row.last_error,
      createdAt: new Date(row.created_at).toISOString(),
      sentAt: row.sent_at && new Date(row.sent_at).toISOString(),
    },
  }));
}

/** One stream for all of them: who is told is one setting. */
async function append(em: Sql, id: string, what: string, data: object, actor: Actor): Promise<void> {
  await rows(em)`select pg_advisory_xact_lock(hashtext('tenantry notification targets'))`;
  await appendEvent(
    em,
    {
      stream: 'platform:notifications',
      type: `platform.notification_target_${what}`,
      tenantId: null,
      data: { id, ...data },
    },
    actor,
  );
}
