import { Roles } from '#contracts/access/roles.ts';
import { listRoles as list } from '#domain/access/roles.ts';
import { defineRoute } from '../../route.ts';

export const listRoles = defineRoute({
  method: 'get',
  path: '/api/v1/roles',
  summary: 'List roles and what they permit',
  permission: 'roles:read',
  scope: 'anywhere',
  success: { status: 200, body: Roles },
  errors: [],
  handle: async (_input, { em }) => ({ items: await list(em) }),
});
