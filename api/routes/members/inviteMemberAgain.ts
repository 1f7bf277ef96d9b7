import { MemberInvited } from '#contracts/portal/members.ts';
import { inviteMemberAgain as again } from '#domain/members/changeMembers.ts';
import { findMember } from '#domain/members/viewMembers.ts';
import { countMemberChange } from '#observability/memberMetrics.ts';
import { countMemberMail } from '../../portals/memberMails.ts';
import { MemberParams } from '../../portals/memberParams.ts';
import { defineRoute } from '../../route.ts';

/** Who only acts for the tenant may have the mail sent again, and is not told the link that would make them somebody here. */
export const inviteMemberAgain = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/members/{memberId}/resend',
  summary: 'Send the invitation again; the earlier link ends',
  permission: 'portal',
  portal: 'members:remind',
  rate: { perSecond: 0.5, burst: 30 },
  params: MemberParams,
  success: { status: 200, body: MemberInvited },
  errors: ['not_found', 'person_not_invited', 'tenant_not_active', 'too_many_attempts'],
  async handle({ params: { memberId }, signedIn, actor }, { em, realm, attempts }) {
    await countMemberMail(attempts, realm, (await findMember(em, realm, memberId)).email, actor);
    const { expiresAt, link } = await em.transactional((tx) => again(tx, realm, memberId, actor));
    countMemberChange('invited_again');
    return { member: await findMember(em, realm, memberId), expiresAt, link: signedIn?.acting ? null : link };
  },
});
