import { AdminInvited } from '#contracts/portal/adminInvitation.ts';
import { resendAdminInvitation as resend, viewAdminInvitation } from '#domain/members/adminInvitation.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** The link would make who has it the administrator of a customer: only people are told it, and only where no mail brings it. */
export const resendAdminInvitation = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/admin-invitation',
  summary: 'Send the invitation of the named administrator again; the earlier link ends',
  permission: 'tenants:update',
  scope: 'tenant',
  people: true,
  stepUp: true,
  params: TenantParams,
  success: { status: 200, body: AdminInvited },
  errors: ['not_found', 'person_not_invited', 'tenant_not_active'],
  async handle({ params: { tenantId }, actor, signedIn }, { em, platform }) {
    await platform.tenantKeys.find(tenantId); // inside the transaction it would want a second connection while holding one
    const { expiresAt, link } = await em.transactional((tx) => resend(tx, platform, tenantId, actor));
    const invitation = await viewAdminInvitation(em.fork(), platform, tenantId);
    return { invitation, expiresAt, link: signedIn?.acting ? null : link };
  },
});
