import { NewRole, Role } from '#contracts/access/roles.ts';
import { createRole as create } from '#domain/access/roles.ts';
import { defineRoute } from '../../route.ts';
import { giverOf, toldRole } from './giving.ts';

export const createRole = defineRoute({
  method: 'post',
  path: '/api/v1/roles',
  summary: 'Make a role of your own',
  permission: 'roles:manage',
  stepUp: true,
  people: true,
  body: NewRole,
  success: { status: 201, body: Role },
  errors: ['role_taken', 'role_exceeds_yours'],
  async handle({ body, principal, actor }, context) {
    const giver = await giverOf(principal, context);
    await context.changeAccess((em) => create(em, body, giver, actor));
    return toldRole(context.em, body.name);
  },
});
