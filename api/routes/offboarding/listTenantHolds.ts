import { LegalHolds } from '#contracts/offboarding/offboarding.ts';
import { listLegalHolds } from '#domain/offboarding/legalHolds.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listTenantHolds = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/legal-holds',
  summary: 'What forbids, or forbade, that a tenant is erased',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: LegalHolds },
  errors: ['not_found'],
  handle: async ({ params }, { em, platform }) => ({
    items: await listLegalHolds(em, platform.tenantKeys, params.tenantId),
  }),
});
