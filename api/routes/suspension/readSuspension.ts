import { TenantSuspensions } from '#contracts/life/suspension.ts';
import { viewSuspensions } from '#domain/suspension/viewSuspensions.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readSuspension = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/suspension',
  summary: 'The suspension of a tenant that is planned or in force, and earlier ones',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: TenantSuspensions },
  errors: ['not_found'],
  handle: ({ params: { tenantId } }, { em, platform }) => viewSuspensions(em, platform.tenantKeys, tenantId),
});
