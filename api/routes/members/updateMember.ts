import { MemberChange, MemberChanged } from '#contracts/portal/members.ts';
import { changeMember } from '#domain/members/changeMembers.ts';
import { findMember } from '#domain/members/viewMembers.ts';
import { countMemberChange } from '#observability/memberMetrics.ts';
import { countMemberMail } from '../../portals/memberMails.ts';
import { MemberParams } from '../../portals/memberParams.ts';
import { defineRoute } from '../../route.ts';

export const updateMember = defineRoute({
  method: 'patch',
  path: '/api/v1/portals/{slug}/members/{memberId}',
  summary: "Change a member's role or name, or correct the address of an invitation",
  permission: 'portal',
  portal: 'members:manage',
  stepUp: true,
  params: MemberParams,
  body: MemberChange,
  success: { status: 200, body: MemberChanged },
  errors: [
    'not_found',
    'person_not_invited',
    'email_taken',
    'last_tenant_admin',
    'tenant_not_active',
    'too_many_attempts',
  ],
  async handle({ params: { memberId }, body, actor }, { em, realm, sessions, attempts }) {
    if (body.email) await countMemberMail(attempts, realm, body.email, actor);
    const invitation = await em.transactional((tx) => changeMember(tx, realm, memberId, body, actor));
    await sessions.changed();
    countMemberChange('changed');
    return { member: await findMember(em, realm, memberId), invitation };
  },
});
