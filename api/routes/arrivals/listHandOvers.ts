import { HandOverList } from '#contracts/backups/arrivals.ts';
import { listHandOvers as list } from '#domain/backups/arriving/givingAway.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listHandOvers = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/hand-overs',
  summary: 'List which installations were given the key of a tenant, with what was given',
  permission: 'backups:export',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: HandOverList },
  errors: ['not_found'],
  handle: ({ params: { tenantId } }, { em, platform }) => list(em, platform.installation, tenantId),
});
