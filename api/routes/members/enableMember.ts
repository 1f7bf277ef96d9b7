import { Member } from '#contracts/portal/members.ts';
import { enableMember as act } from '#domain/members/changeMembers.ts';
import { findMember } from '#domain/members/viewMembers.ts';
import { countMemberChange } from '#observability/memberMetrics.ts';
import { MemberParams } from '../../portals/memberParams.ts';
import { defineRoute } from '../../route.ts';

export const enableMember = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/members/{memberId}/enable',
  summary: 'Let a member sign in again',
  permission: 'portal',
  portal: 'members:manage',
  stepUp: true,
  params: MemberParams,
  success: { status: 200, body: Member },
  errors: ['not_found', 'person_oneself', 'tenant_not_active'],
  async handle({ params: { memberId }, actor }, { em, realm, sessions }) {
    await em.transactional((tx) => act(tx, realm, memberId, actor));
    await sessions.changed();
    countMemberChange('enabled');
    return findMember(em, realm, memberId);
  },
});
