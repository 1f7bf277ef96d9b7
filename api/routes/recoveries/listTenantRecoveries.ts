import { RecoveryList } from '#contracts/recovery/recoveries.ts';
import { listTenantRecoveries as list } from '#domain/physical/recoveries/viewRecoveries.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listTenantRecoveries = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/recoveries',
  summary: 'Tell from when to when any second of a tenant can be brought back, and what was',
  permission: 'backups:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: RecoveryList },
  errors: ['not_found'],
  handle: ({ params: { tenantId } }, { em, platform }) => list(em, platform.configuration, tenantId),
});
