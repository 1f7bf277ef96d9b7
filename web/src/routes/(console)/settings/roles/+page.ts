import type { RoleAssignments, Roles } from '#contracts/access/roles.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const [roles, assignments] = await Promise.all([
    read<Roles>(event, '/api/v1/roles'),
    read<RoleAssignments>(event, '/api/v1/role-assignments'),
  ]);
  return { roles: roles.items, assignments: assignments.items };
};
