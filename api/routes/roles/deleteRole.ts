import { deleteRole as remove } from '#domain/access/roles.ts';
import { defineRoute, RoleParams } from '../../route.ts';

export const deleteRole = defineRoute({
  method: 'delete',
  path: '/api/v1/roles/{role}',
  summary: 'Delete a role that nobody has',
  permission: 'roles:manage',
  people: true,
  params: RoleParams,
  success: { status: 204 },
  errors: ['not_found', 'role_seeded', 'role_in_use'],
  handle: ({ params, actor }, { em }) => em.transactional((tx) => remove(tx, params.role, actor)),
});
