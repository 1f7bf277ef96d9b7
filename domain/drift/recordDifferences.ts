import { v7 as newId } from 'uuid';
import type { RepairKind } from '#contracts/findings/drift.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { json, rows } from '../sql.ts';

/** A resource that was compared, and how it differed. */
export interface Compared {
  resourceId: string;
  tenantId: string;
  differences: { what: string; expected: string; found: string; repair: RepairKind; isWhole?: true }[];
}

/**
 * Writes what a comparison found, in the transaction of the run that made it: one row for each difference of a resource. One that
 * was accepted stays so until its end, unless it is another difference by now; one that is not found any more is gone, or repaired
 * when `repaired` says that a repair came before. Returns how many are open that were not.
 */
export async function recordDifferences(
  em: Sql,
  compared: Compared[],
  { runId, actor, repaired = false }: { runId: string; actor: Actor; repaired?: boolean },
): Promise<number> {
  const given = compared.flatMap(({ resourceId, tenantId, differences }) =>
    differences.map(({ isWhole, ...difference }) => ({
      id: newId(),
      resource_id: resourceId,
      tenant_id: tenantId,
      is_ghost: isWhole ?? false,
      ...difference,
    })),
  );
  const seen = await rows<Changed & { opened: boolean }>(em)`
    with given as (
      select * from jsonb_to_recordset(${json(given)}::jsonb) as g
        (id uuid, resource_id uuid, tenant_id uuid, what text, expected text, found text, repair text, is_ghost boolean)),
    before as (
      select f.id, f.state, f.accepted_until > now() and f.expected = g.expected and f.found = g.found as stays_accepted
      from drift_findings f join given g using (resource_id, what) for update of f),
    written as (
      insert into drift_findings as f
        (id, resource_id, tenant_id, what, expected, found, repair, is_ghost, state, seen_by)
      select id, resource_id, tenant_id, what, expected, found, repair, is_ghost, 'open', ${runId}::uuid from given
      on conflict (resource_id, what) do update set
        expected = excluded.expected, found = excluded.found, repair = excluded.repair, is_ghost = excluded.is_ghost,
        last_seen_at = now(), seen_by = excluded.seen_by, closed_at = null,
        first_seen_at = case when f.state in ('gone', 'repaired') then now() else f.first_seen_at end,
        repair_reason = case when f.state in ('gone', 'repaired') then null else f.repair_reason end,
        state = case when (select stays_accepted from before b where b.id = f.id and b.state = 'accepted') then 'accepted' else 'open' end,
        accepted_until = case when (select stays_accepted from before b where b.id = f.id and b.state = 'accepted') then f.accepted_until end
      returning f.id, f.tenant_id, f.resource_id, f.what, f.state)
    select w.id, w.tenant_id, w.resource_id, w.what, w.state = 'open' and b.state is distinct from 'open' as opened
    from written w left join before b on b.id = w.id`;
  const opened = seen.filter((finding) => finding.opened);

  const closed = await rows<Changed>(em)`
    update drift_findings set state = ${repaired ? 'repaired' : 'gone'}, closed_at = now(), accepted_until = null
    where resource_id = any(${compared.map(({ resourceId }) => resourceId)}::uuid[]) and state in ('open', 'accepted')
      and not id = any(${seen.map(({ id }) => id)}::uuid[])
    returning id, tenant_id, resource_id, what`;
  for (const finding of opened) await tell(em, finding, 'drift.found', actor);
  for (const finding of closed) await tell(em, finding, repaired ? 'drift.repaired' : 'drift.gone', actor);
  return opened.length;
}

interface Changed {
  id: string;
  tenant_id: string;
  resource_id: string;
  what: string;
}

const tell = (em: Sql, { id, tenant_id, resource_id, what }: Changed, type: string, actor: Actor): Promise<void> =>
  appendEvent(
    em,
    { stream: `finding:${id}`, type, tenantId: tenant_id, data: { resourceId: resource_id, what } },
    actor,
  );
