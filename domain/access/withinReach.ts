import { sql, type RawBuilder } from 'kysely';
import { covers, type Scope } from '#contracts/permissions.ts';
import type { Reach } from './grants.ts';

/** A condition: the tenant that this column names is in reach. Rows of no tenant are the platform's. */
export function withinReach(
  { everything, plans, tenants, within }: Reach,
  tenantId: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const reached = everything
    ? sql`true`
    : sql`(${tenantId} = any(${[...tenants]}::uuid[]) or ${tenantId} in (select id from tenants where plan = any(${[...plans]}::text[])))`;
  return within === null ? reached : sql`(${reached} and ${inScope(within, tenantId)})`;
}

const inScope = (scope: Scope, tenantId: RawBuilder<unknown>): RawBuilder<unknown> =>
  scope.kind === 'platform'
    ? sql`true`
    : scope.kind === 'tenant'
      ? sql`${tenantId} = ${scope.tenantId}::uuid`
      : sql`${tenantId} in (select id from tenants where plan = ${scope.plan})`;

/** The same of one tenant that was read already. */
export const isWithinReach = (
  { everything, plans, tenants, within }: Reach,
  tenant: { tenantId: string; plan: string },
): boolean =>
  (everything || tenants.has(tenant.tenantId) || plans.has(tenant.plan)) && (within === null || covers(within, tenant));
