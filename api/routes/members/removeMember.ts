import { removeMember as remove } from '#domain/members/changeMembers.ts';
import { countMemberChange } from '#observability/memberMetrics.ts';
import { MemberParams } from '../../portals/memberParams.ts';
import { defineRoute } from '../../route.ts';

export const removeMember = defineRoute({
  method: 'delete',
  path: '/api/v1/portals/{slug}/members/{memberId}',
  summary: 'Remove a member, or withdraw an invitation that nobody accepted yet',
  permission: 'portal',
  portal: 'members:manage',
  stepUp: true,
  params: MemberParams,
  success: { status: 204 },
  errors: ['not_found', 'person_oneself', 'last_tenant_admin', 'tenant_not_active'],
  async handle({ params: { memberId }, actor }, { em, realm, sessions }) {
    await em.transactional((tx) => remove(tx, realm, memberId, actor));
    await sessions.changed();
    countMemberChange('removed');
  },
});
