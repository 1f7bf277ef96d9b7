import type { Sql } from '../../database.ts';
import { accessOf } from '../../secrets/credentials.ts';
import { rows } from '../../sql.ts';

/**
 * Brings the licences of a tenant to what the registry says of its licence resource, in the caller's transaction, which holds the
 * fence. What is closed is on the list of revocations until it is opened again; files and serials stay as they are, so that what was
 * good before is good again. Those that were issued by hand follow too.
 */
export async function settleLicenseAccess(
  em: Sql,
  { tenantId, resourceId }: { tenantId: string; resourceId: string },
): Promise<void> {
  // Whoever issues a licence to this tenant at this moment is waited for, and whoever comes later sees what is wanted now.
  await rows(em)`select 1 from tenants where id = ${tenantId} for no key update`;
  const access = await accessOf(em, resourceId);
  await rows(em)`
    with changed as (
      update licenses set access = ${access}, access_at = clock_timestamp()
      where tenant_id = ${tenantId} and access <> ${access} and state in ('active', 'suspended') returning product)
    update license_products set revocation_number = revocation_number + 1 where name in (select product from changed)`;
}

/** Licences of the tenant that may be used otherwise than the registry wants. */
export async function countOtherAccess(em: Sql, tenantId: string, wanted: 'open' | 'suspended'): Promise<number> {
  const [counted] = await rows<{ count: number }>(em)`
    select count(*)::int as count from licenses
    where tenant_id = ${tenantId} and state in ('active', 'suspended') and access <> ${wanted}`;
  return counted?.count ?? 0;
}

/** How a licence that is issued to the tenant now may be used: as its licence resource, where it has one. */
export async function accessOfLicenses(em: Sql, tenantId: string): Promise<'open' | 'suspended'> {
  const [resource] = await rows<{ access: 'open' | 'suspended' }>(em)`
    select access from resources where tenant_id = ${tenantId} and provider = 'license' and state <> 'destroyed'`;
  return resource?.access ?? 'open';
}
