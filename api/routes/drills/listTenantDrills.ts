import { DrillPage, DrillQuery } from '#contracts/backups/drills.ts';
import { listDrillsOfTenant } from '#domain/backups/drills/viewDrills.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listTenantDrills = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/drills',
  summary: "List the drills of a tenant's backups, with what they measured",
  permission: 'backups:read',
  scope: 'tenant',
  params: TenantParams,
  query: DrillQuery,
  success: { status: 200, body: DrillPage },
  errors: ['not_found'],
  handle: ({ params: { tenantId }, query }, { em }) => listDrillsOfTenant(em, tenantId, query),
});
