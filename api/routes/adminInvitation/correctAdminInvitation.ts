import { AdminCorrection, AdminInvited } from '#contracts/portal/adminInvitation.ts';
import { DomainError } from '#contracts/errors.ts';
import { correctAdmin, viewAdminInvitation } from '#domain/members/adminInvitation.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const correctAdminInvitation = defineRoute({
  method: 'patch',
  path: '/api/v1/tenants/{tenantId}/admin-invitation',
  summary: 'Invite the administrator under another address, because the named one was wrong; the earlier link ends',
  permission: 'tenants:update',
  scope: 'tenant',
  people: true,
  stepUp: true,
  params: TenantParams,
  body: AdminCorrection,
  success: { status: 200, body: AdminInvited },
  errors: ['not_found', 'person_not_invited', 'tenant_not_active', 'tenant_erased', 'forbidden'],
  async handle({ params: { tenantId }, body, actor, signedIn }, { em, platform }) {
    // Who acts for the tenant would name whom they like in its name.
    if (signedIn?.acting) throw new DomainError('forbidden', 'Not while you act for the tenant.');
    await platform.tenantKeys.find(tenantId); // inside the transaction it would want a second connection while holding one
    const { expiresAt, link } = await em.transactional((tx) => correctAdmin(tx, platform, tenantId, body, actor));
    return { invitation: await viewAdminInvitation(em.fork(), platform, tenantId), expiresAt, link };
  },
});
