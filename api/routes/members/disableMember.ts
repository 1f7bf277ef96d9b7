import { Member } from '#contracts/portal/members.ts';
import { disableMember as act } from '#domain/members/changeMembers.ts';
import { findMember } from '#domain/members/viewMembers.ts';
import { countMemberChange } from '#observability/memberMetrics.ts';
import { MemberParams } from '../../portals/memberParams.ts';
import { defineRoute } from '../../route.ts';

export const disableMember = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/members/{memberId}/disable',
  summary: 'Lock a member out: all sessions end at once',
  permission: 'portal',
  portal: 'members:manage',
  stepUp: true,
  params: MemberParams,
  success: { status: 200, body: Member },
  errors: ['not_found', 'person_oneself', 'person_not_active', 'last_tenant_admin', 'tenant_not_active'],
  async handle({ params: { memberId }, actor }, { em, realm, sessions }) {
    await em.transactional((tx) => act(tx, realm, memberId, actor));
    await sessions.changed();
    countMemberChange('disabled');
    return findMember(em, realm, memberId);
  },
});
