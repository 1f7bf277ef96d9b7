import type { Target } from '#contracts/permissions.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** A tenant as permissions are asked about it; null when there is none. */
export async function findTenantTarget(em: Sql, tenantId: string): Promise<Required<Target> | null> {
  const [tenant] = await rows<{ plan: string }>(em)`select plan from tenants where id = ${tenantId}`;
  return tenant ? { tenantId, plan: tenant.plan } : null;
}
