import { Members, MembersQuery } from '#contracts/portal/members.ts';
import { listMembers as list } from '#domain/members/viewMembers.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';

export const listMembers = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}/members',
  summary: 'Who works here',
  permission: 'portal',
  portal: 'members:read',
  params: PortalParams,
  query: MembersQuery,
  success: { status: 200, body: Members },
  errors: [],
  handle: ({ query }, { em, realm }) => list(em, realm, query),
});
