import type { Permission } from '#contracts/permissions.ts';
import type { Acting } from '#contracts/support/supportAccess.ts';
import type { Principal } from '../access/grants.ts';
import type { Sql } from '../database.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { contextOf } from './askSupport.ts';

/**
 * What of their own permissions somebody keeps while they act for a tenant, and for that tenant only: what its administrator would do,
 * so that nothing is done there in the tenant's name that only the platform's people should do in their own.
 */
const keptWhileActing: ReadonlySet<Permission> = new Set([
  'tenants:read',
  'tenants:update',
  'runs:read',
  'plans:read',
  'tasks:read',
  'tasks:update',
  'audit:read',
  'support:read',
  'support:access',
] satisfies Permission[]);

/** What is left of a person's permissions; what they do not hold themselves is not given to them either. */
export const limitsWhileActing = ({ tenantId }: Pick<Acting, 'tenantId'>): Principal['limits'] => ({
  permissions: keptWhileActing,
  scope: { kind: 'tenant', tenantId },
});

/** For whom a session acts, with the plan of the tenant: roles may be given for all of a plan. */
export type ActingNow = Acting & { plan: string };

/** For whom the session acts; null when the access is over, or the tenant is not open any more. */
export async function findActing(em: Sql, keys: TenantKeys, supportAccessId: string): Promise<ActingNow | null> {
  const [row] = await rows<{
    tenant_id: string;
    name: string;
    plan: string;
    slug: string | null;
    kind: Acting['kind'];
    sealed_acting_as: Buffer | null;
    ends_at: string;
  }>(em)`
    select s.tenant_id, t.name, t.plan, a.slug, s.kind, s.sealed_acting_as, s.ends_at
    from support_accesses s join tenants t on t.id = s.tenant_id
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    where s.id = ${supportAccessId} and s.state = 'running' and s.ends_at > now() and t.state = 'active'`;
  if (!row) return null;
  return {
    supportAccessId,
    tenantId: row.tenant_id,
    tenantName: row.name,
    plan: row.plan,
    slug: row.slug,
    kind: row.kind,
    actingAs: await actingAsOf(keys, { id: supportAccessId, tenantId: row.tenant_id, sealed: row.sealed_acting_as }),
    expiresAt: new Date(row.ends_at).toISOString(),
  };
}

export async function actingAsOf(
  keys: TenantKeys,
  { id, tenantId, sealed }: { id: string; tenantId: string; sealed: Buffer | null },
): Promise<Acting['actingAs']> {
  if (!sealed || !(await keys.find(tenantId))) return { kind: 'administrator', title: 'the administrator' };
  const admin = JSON.parse(await keys.unsealFor(tenantId, sealed, contextOf(id, 'acting-as'))) as {
    email: string;
    name: string | null;
  };
  return { kind: 'administrator', title: admin.name ?? admin.email };
}
