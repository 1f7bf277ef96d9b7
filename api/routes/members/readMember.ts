import { Member } from '#contracts/portal/members.ts';
import { findMember } from '#domain/members/viewMembers.ts';
import { MemberParams } from '../../portals/memberParams.ts';
import { defineRoute } from '../../route.ts';

export const readMember = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}/members/{memberId}',
  summary: 'One of the members',
  permission: 'portal',
  portal: 'members:read',
  params: MemberParams,
  success: { status: 200, body: Member },
  errors: ['not_found'],
  handle: ({ params }, { em, realm }) => findMember(em, realm, params.memberId),
});
