import type { TenantAddress } from '#contracts/life/addresses.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';
import { refuseUnknown } from '../tenants/refuseUnknown.ts';

/** Where the tenant is, and what it left that nobody else may have yet. Refuses with `not_found`. */
export async function listAddresses(em: Sql, tenantId: string): Promise<TenantAddress[]> {
  const found = await rows<{ slug: string; state: TenantAddress['state']; held_until: string | null }>(em)`
    select slug, state, held_until from tenant_addresses
    where tenant_id = ${tenantId} and state <> 'released' order by state <> 'current', created_at desc`;
  if (found.length === 0) await refuseUnknown(em, tenantId);
  return found.map(({ slug, state, held_until: until }) => ({ slug, state, until: until ? isoOf(until) : null }));
}
