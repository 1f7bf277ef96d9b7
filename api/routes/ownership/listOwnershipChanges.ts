import { OwnershipChanges } from '#contracts/life/ownership.ts';
import { viewOwnershipChanges } from '#domain/ownership/viewOwnership.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listOwnershipChanges = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/ownership-changes',
  summary: 'Who was asked to own a tenant, and what came of it',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: OwnershipChanges },
  errors: ['not_found'],
  handle: ({ params }, { em, platform }) => viewOwnershipChanges(em, platform.tenantKeys, params.tenantId),
});
