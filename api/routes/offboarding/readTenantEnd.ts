import { TenantEnd } from '#contracts/offboarding/offboarding.ts';
import { viewTenantEnd } from '#domain/offboarding/viewEnd.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readTenantEnd = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/offboarding',
  summary: 'How a tenant leaves, or left: its offboarding, its export, what forbids its erasure, and what is certified',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: TenantEnd },
  errors: ['not_found'],
  handle: ({ params }, { em, platform }) =>
    viewTenantEnd(em, platform.tenantKeys, platform.configuration, params.tenantId),
});
