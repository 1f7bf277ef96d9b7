import { AssignmentQuery, RoleAssignments } from '#contracts/access/roles.ts';
import { listAssignments } from '#domain/access/listAssignments.ts';
import { defineRoute } from '../../route.ts';

export const listRoleAssignments = defineRoute({
  method: 'get',
  path: '/api/v1/role-assignments',
  summary: 'List who has which role where',
  permission: 'roles:read',
  scope: 'reach',
  query: AssignmentQuery,
  success: { status: 200, body: RoleAssignments },
  errors: [],
  handle: async ({ query, reach }, { em }) => ({ items: await listAssignments(em, query, reach) }),
});
