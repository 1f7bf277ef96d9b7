import { AdminInvitation } from '#contracts/portal/adminInvitation.ts';
import { viewAdminInvitation } from '#domain/members/adminInvitation.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readAdminInvitation = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/admin-invitation',
  summary: 'How far the named administrator of a tenant has come',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: AdminInvitation },
  errors: ['not_found'],
  handle: ({ params }, { em, platform }) => viewAdminInvitation(em, platform, params.tenantId),
});
