import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem } from '../events/appendEvent.ts';
import { holdTenant } from '../runs/exclusivity.ts';
import { rows } from '../sql.ts';

const batch = 50;

/**
 * Ends redirects whose time is over, and frees addresses that were held for long enough; one whose tenant is being changed waits for
 * the next look. The addresses of a tenant that is gone are held the same way.
 *
 * @param now the database's own time, unless told
 * @returns how many were freed
 */
export async function settleAddresses(
  em: Sql,
  { holdDays, now = null }: { holdDays: number; now?: Date | null },
): Promise<number> {
  const due = await rows<{ id: string; tenant_id: string }>(em)`
    select id, tenant_id from tenant_addresses
    where state in ('redirect', 'held') and held_until <= coalesce(${now}::timestamptz, now()) and reserved_by is null
    order by held_until limit ${batch}`;
  let freed = 0;
  for (const { id, tenant_id: tenantId } of due) {
    try {
      freed += await em.fork().transactional((tx) => settleOne(tx, { id, tenantId, holdDays, now }));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'run_in_progress') throw error;
    }
  }
  return freed;
}

async function settleOne(
  em: Sql,
  { id, tenantId, holdDays, now }: { id: string; tenantId: string; holdDays: number; now: Date | null },
): Promise<number> {
  await holdTenant(em, tenantId);
  const [settled] = await rows<{ state: 'held' | 'released' }>(em)`
    update tenant_addresses set
      held_until = case when state = 'redirect' and ${holdDays} > 0
        then held_until + make_interval(days => ${holdDays}::int) else held_until end,
      released_at = case when state = 'held' or ${holdDays} = 0 then now() end,
      state = case when state = 'redirect' and ${holdDays} > 0 then 'held' else 'released' end
    where id = ${id} and state in ('redirect', 'held') and reserved_by is null
      and held_until <= coalesce(${now}::timestamptz, now())
      -- A way back that is still offered needs its address.
      and not exists (
        select 1 from renames join runs on runs.id = renames.run_id
        where renames.tenant_id = ${tenantId} and renames.from_slug = tenant_addresses.slug
          and (tenant_addresses.state = 'held' or ${holdDays} = 0) and runs.reversible_until > coalesce(${now}::timestamptz, now()))
    returning state`;
  if (!settled) return 0;
  const type = settled.state === 'released' ? 'tenant.address_freed' : 'tenant.redirect_ended';
  await appendEvent(em, { stream: `tenant:${tenantId}`, type, tenantId }, theSystem);
  return settled.state === 'released' ? 1 : 0;
}
