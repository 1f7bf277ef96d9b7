import { revokeExportLink } from '#domain/exports/exportLinks.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const revokeTenantExportLink = defineRoute({
  method: 'delete',
  path: '/api/v1/tenants/{tenantId}/offboarding/link',
  summary: 'End the link to the export of a tenant at once',
  permission: 'tenants:offboard',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 204 },
  errors: ['not_found'],
  handle: ({ params, actor }, { em }) => em.transactional((tx) => revokeExportLink(tx, params.tenantId, actor)),
});
