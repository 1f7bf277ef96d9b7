import { withdrawRole as withdraw } from '#domain/access/assignRoles.ts';
import { AssignmentParams, defineRoute } from '../../route.ts';
import { giverOf } from './giving.ts';

export const withdrawRole = defineRoute({
  method: 'delete',
  path: '/api/v1/role-assignments/{assignmentId}',
  summary: 'Take a role from a person, or give one of your own back',
  permission: 'signed-in',
  people: true,
  stepUp: true,
  params: AssignmentParams,
  success: { status: 204 },
  errors: ['not_found', 'role_exceeds_yours', 'last_owner'],
  async handle({ params, principal, actor }, context) {
    const giver = await giverOf(principal, context);
    await context.changeAccess((em) => withdraw(em, params.assignmentId, giver, actor));
  },
});
