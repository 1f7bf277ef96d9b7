import { Role, RoleChange } from '#contracts/access/roles.ts';
import { changeRole as change } from '#domain/access/roles.ts';
import { requiredToChangeRole } from '#domain/approvals/privilegedRoles.ts';
import { defineRoute, RoleParams } from '../../route.ts';
import { giverOf, toldRole } from './giving.ts';

export const changeRole = defineRoute({
  method: 'patch',
  path: '/api/v1/roles/{role}',
  summary: 'Change what a role permits, or whether it needs a second factor',
  permission: 'roles:manage',
  stepUp: true,
  approval: {
    act: 'grant_roles',
    required: ({ params, body }, em) => requiredToChangeRole(em, params.role, body),
  },
  people: true,
  params: RoleParams,
  body: RoleChange,
  success: { status: 200, body: Role },
  errors: ['not_found', 'role_moved', 'role_seeded', 'role_exceeds_yours'],
  async handle({ params, body, principal, actor }, context) {
    const giver = await giverOf(principal, context);
    await context.changeAccess((em) => change(em, params.role, body, giver, actor));
    return toldRole(context.em, params.role);
  },
});
