import { sql, type RawBuilder } from 'kysely';
import { v7 as newId } from 'uuid';
import type { OrphanReason } from '#contracts/findings/orphans.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { json, rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';
import type { Candidate } from './candidates.ts';

export const isOpenOrphan: RawBuilder<boolean> = sql`(f.state = 'open' or (f.state = 'accepted' and f.accepted_until <= now()))`;

/** Why the registry does not want it, as a sentence of its own. */
export const orphanWords: Record<OrphanReason, string> = {
  removed: 'The registry says that it was removed.',
  unmarked: 'An empty folder without a marker, of a tenant that was removed.',
  unknown_resource: 'The registry knows the run that made it, but not the resource.',
  unknown_run: 'The registry never heard of the run that made it.',
  unknown_store: 'The registry does not know this data store.',
};

/** Writes what a sweep found; what it did not see any more is gone. Returns how many are open that were not. */
export async function recordOrphans(
  em: Sql,
  found: Candidate[],
  { runId, actor }: { runId: string; actor: Actor },
): Promise<number> {
  const given = found.map((candidate) => ({ id: newId(), ...candidate }));
  const written = await rows<{ id: string; state: string; before: string | null; what: string; external_id: string }>(
    em,
  )`
    with given as (
      select * from jsonb_to_recordset(${json(given)}::jsonb) as g
        (id uuid, provider text, "externalId" text, what text, "tenantId" uuid, "resourceId" uuid, "madeBy" uuid, why text)),
    before as (
      select f.id, f.state, f.accepted_until > now() as stays_accepted
      from orphan_findings f join given g on g.provider = f.provider and g."externalId" = f.external_id for update of f),
    written as (
      insert into orphan_findings as f (id, provider, external_id, what, tenant_id, resource_id, made_by, why, state, seen_by)
      select id, provider, "externalId", what, "tenantId", "resourceId", "madeBy", why, 'open', ${runId}::uuid from given
      on conflict (provider, external_id) do update set
        what = excluded.what, tenant_id = excluded.tenant_id, resource_id = excluded.resource_id, made_by = excluded.made_by,
        why = excluded.why, last_seen_at = now(), seen_by = excluded.seen_by, closed_at = null,
        first_seen_at = case when f.state in ('gone', 'removed') then now() else f.first_seen_at end,
        reconciled_at = case when f.made_by is distinct from excluded.made_by then null else f.reconciled_at end,
        state = case when (select stays_accepted from before b where b.id = f.id and b.state = 'accepted') then 'accepted' else 'open' end,
        accepted_until = case when (select stays_accepted from before b where b.id = f.id and b.state = 'accepted') then f.accepted_until end
      returning f.id, f.state, f.what, f.external_id)
    select w.*, b.state as before from written w left join before b on b.id = w.id`;
  const opened = written.filter(({ state, before }) => state === 'open' && before !== 'open');
  const closed = await rows<{ id: string; what: string; external_id: string }>(em)`
    update orphan_findings set state = 'gone', closed_at = now(), accepted_until = null
    where state in ('open', 'accepted') and not id = any(${written.map(({ id }) => id)}::uuid[])
    returning id, what, external_id`;
  for (const one of opened) await tellOfOrphan(em, one, 'orphan.found', actor);
  for (const one of closed) await tellOfOrphan(em, one, 'orphan.gone', actor);
  return opened.length;
}

/** No tenant on the event: the registry may not know the one that the tag names. */
export const tellOfOrphan = (
  em: Sql,
  { id, what, external_id }: { id: string; what: string; external_id: string },
  type: string,
  actor: Actor,
  data: Record<string, unknown> = {},
): Promise<void> =>
  appendEvent(
    em,
    { stream: `finding:${id}`, type, tenantId: null, data: { what, externalId: external_id, ...data } },
    actor,
  );

export async function countOpenOrphans(em: Sql): Promise<number> {
  const [open] = await rows<{ count: number }>(em)`
    select count(*)::integer as count from orphan_findings f where ${isOpenOrphan}`;
  return open?.count ?? 0;
}

const shownInTask = 20;

/** One task for all orphans, or for the lock; it closes by itself when there is neither. */
export async function settleOrphansTask(em: Sql, runId: string | null, actor: Actor): Promise<void> {
  const count = await countOpenOrphans(em);
  const [lock] = await rows<{ reason: string }>(em)`
    select sweep_lock_reason as reason from installations where sweep_locked_at is not null`;
  if (count === 0 && !lock) return closeTasks(em, { platform: true, kinds: ['orphans'] }, actor);
  const open = await rows<{ what: string; external_id: string; why: OrphanReason }>(em)`
    select what, external_id, why from orphan_findings f where ${isOpenOrphan} order by first_seen_at, id limit ${shownInTask}`;
  await openTask(
    em,
    {
      kind: 'orphans',
      runId,
      tenantId: null,
      title: lock ? 'The registry is older than reality' : 'Things that nobody knows carry our tag',
      reason: lock
        ? { code: 'sweep_locked', text: lock.reason }
        : {
            code: 'orphans_found',
            text: `${count} ${count === 1 ? 'thing waits' : 'things wait'} for approval to be removed.`,
          },
      left: open.map(({ what, external_id, why }) => ({ title: what, where: external_id, why: orphanWords[why] })),
    },
    actor,
  );
}
