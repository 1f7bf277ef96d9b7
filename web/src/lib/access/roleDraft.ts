import type { RoleToAssign } from '#contracts/access/roles.ts';
import type { Scope } from '#contracts/permissions.ts';

/** What is known of a tenant that was found. */
export interface TenantChoice {
  id: string;
  name: string;
  plan: string;
}

/** A role and its scope while they are being chosen: a kind may be picked before the plan or the tenant is. */
export interface RoleDraft {
  role: string;
  kind: Scope['kind'];
  plan: string;
  tenant: TenantChoice | null;
}

export const newRoleDraft = (): RoleDraft => ({ role: '', kind: 'platform', plan: '', tenant: null });

/** What was chosen; null while something is missing. */
export function chosenRole({ role, kind, plan, tenant }: RoleDraft): RoleToAssign | null {
  if (role === '') return null;
  if (kind === 'platform') return { role, scope: { kind } };
  if (kind === 'plan') return plan === '' ? null : { role, scope: { kind, plan } };
  return tenant && { role, scope: { kind, tenantId: tenant.id } };
}
