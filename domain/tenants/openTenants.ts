import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** What the public may find. Both know active tenants only: to everybody else a tenant is not there before its doors open, nor after they close. */

export async function findOpenPortal(em: Sql, slug: string): Promise<{ tenantId: string; name: string } | null> {
  const [found] = await rows<{ tenantId: string; name: string }>(em)`
    select t.id as "tenantId", t.name from tenant_addresses a join tenants t on t.id = a.tenant_id
    where a.slug = ${slug} and a.state = 'current' and t.state = 'active'`;
  return found ?? null;
}

export async function realmIsOpen(em: Sql, tenantId: string): Promise<boolean> {
  const found = await rows(em)`
    select 1 from realms r join tenants t on t.id = r.tenant_id
    where r.tenant_id = ${tenantId} and r.access = 'open' and t.state = 'active'`;
  return found.length > 0;
}
