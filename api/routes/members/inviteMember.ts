import { MemberInvited, NewMember } from '#contracts/portal/members.ts';
import { inviteMember as invite } from '#domain/members/changeMembers.ts';
import { findMember } from '#domain/members/viewMembers.ts';
import { countMemberChange } from '#observability/memberMetrics.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { countMemberMail } from '../../portals/memberMails.ts';
import { defineRoute } from '../../route.ts';

export const inviteMember = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/members',
  summary: 'Invite somebody by mail, in the role they are to have',
  permission: 'portal',
  portal: 'members:manage',
  stepUp: true,
  rate: { perSecond: 1, burst: 100 },
  params: PortalParams,
  body: NewMember,
  success: { status: 201, body: MemberInvited },
  errors: ['email_taken', 'tenant_not_active', 'too_many_attempts'],
  async handle({ body, actor }, { em, realm, attempts }) {
    await countMemberMail(attempts, realm, body.email, actor);
    const { userId, ...made } = await em.transactional((tx) => invite(tx, realm, body, actor));
    countMemberChange('invited');
    return { member: await findMember(em, realm, userId), ...made };
  },
});
