import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Realm } from '../people/realm.ts';
import { rows } from '../sql.ts';

/**
 * Until the end of the transaction the tenant's doors stay open and nobody else changes who its people are: nobody is added to what is
 * being erased, and of two administrators who leave at once the second sees that the first has left. Refuses with `tenant_not_active`.
 */
export async function holdOpenTenant(em: Sql, { tenantId }: Pick<Realm, 'tenantId'>): Promise<void> {
  const [open] = await rows(em)`
    select 1 from tenants where id = ${tenantId}::uuid and state = 'active' for no key update`;
  if (!open) throw new DomainError('tenant_not_active', 'The tenant is not active.');
}

/** After what may have taken the last administrator away. Refuses with `last_tenant_admin`. */
export async function refuseWithoutAdmin(em: Sql, { tenantId }: Pick<Realm, 'tenantId'>): Promise<void> {
  const left = await rows(em)`
    select 1 from users
    where tenant_id = ${tenantId}::uuid and portal_role = 'tenant-admin' and disabled_at is null and activated_at is not null
    limit 1`;
  if (left.length === 0) throw new DomainError('last_tenant_admin', 'Somebody must stay administrator here.');
}

/** Whether anybody of the tenant has joined: from then on it passes to another owner by consent only. */
export async function hasPeople(em: Sql, tenantId: string): Promise<boolean> {
  const joined = await rows(em)`
    select 1 from users where tenant_id = ${tenantId} and activated_at is not null limit 1`;
  return joined.length > 0;
}

/** Whether somebody of the tenant has become its administrator: from then on its people are its own affair. */
export async function hasOwnAdmin(em: Sql, tenantId: string): Promise<boolean> {
  const joined = await rows(em)`
    select 1 from users where tenant_id = ${tenantId} and portal_role = 'tenant-admin' and activated_at is not null limit 1`;
  return joined.length > 0;
}
