import { RoleAssignments, RoleToAssign } from '#contracts/access/roles.ts';
import { assignRoles } from '#domain/access/assignRoles.ts';
import { listAssignments } from '#domain/access/listAssignments.ts';
import { requiredToAssign, whatRolesPermit } from '#domain/approvals/privilegedRoles.ts';
import { defineRoute, UserParams } from '../../route.ts';
import { giverOf } from './giving.ts';

export const assignRole = defineRoute({
  method: 'post',
  path: '/api/v1/people/{userId}/roles',
  summary: 'Give a person a role: everywhere, for a plan or for one tenant',
  permission: 'roles:assign',
  stepUp: true,
  people: true,
  scope: 'anywhere',
  approval: {
    act: 'grant_roles',
    required: ({ body }, em) => requiredToAssign(em, [body.role]),
    boundTo: ({ body }, em) => whatRolesPermit(em, [body.role]),
  },
  params: UserParams,
  body: RoleToAssign,
  success: { status: 201, body: RoleAssignments },
  errors: ['not_found', 'role_exceeds_yours'],
  async handle({ params: { userId }, body, principal, reach, actor }, context) {
    const giver = await giverOf(principal, context);
    await context.changeAccess((em) => assignRoles(em, userId, [body], giver, actor));
    return { items: await listAssignments(context.em, { userId }, reach) };
  },
});
