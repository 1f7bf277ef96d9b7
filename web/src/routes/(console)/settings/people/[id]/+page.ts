import type { RoleAssignments, Roles } from '#contracts/access/roles.ts';
import type { Person } from '#contracts/identity/people.ts';
import type { Plan } from '#contracts/tenants.ts';
import { ask, query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { id } = event.params;
  const nothing = { items: [] };
  const [person, assignments, roles, plans] = await Promise.all([
    read<Person>(event, `/api/v1/people/${id}`),
    // Who may see people may not always see roles.
    ask<RoleAssignments>(event.fetch, 'GET', `/api/v1/role-assignments${query({ userId: id })}`).catch(() => null),
    ask<Roles>(event.fetch, 'GET', '/api/v1/roles').catch((): Roles => nothing),
    ask<{ items: Plan[] }>(event.fetch, 'GET', '/api/v1/plans').catch((): { items: Plan[] } => nothing),
  ]);
  return { person, assignments: assignments?.items ?? null, roles: roles.items, plans: plans.items };
};
