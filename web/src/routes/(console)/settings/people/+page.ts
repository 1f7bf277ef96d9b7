import type { Roles } from '#contracts/access/roles.ts';
import type { Person } from '#contracts/identity/people.ts';
import type { Plan } from '#contracts/tenants.ts';
import { ask, query, read } from '#lib/api/requests.ts';
import { personStateWords } from '#lib/display/words.ts';
import type { PageLoad } from './$types';

/** The address is the whole state of the list; what in it makes no sense is as if it were not there. */
export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const state = asked.get('state') ?? '';
  const filter = {
    search: (asked.get('search') ?? '').trim().slice(0, 100),
    state: state in personStateWords ? state : '',
  };
  const nothing = { items: [] };
  const [people, roles, plans] = await Promise.all([
    read<{ items: Person[]; nextCursor: string | null }>(
      event,
      `/api/v1/people${query({ ...filter, cursor: asked.get('cursor') })}`,
    ),
    // Only an invitation needs these, and who may invite may not always see them.
    ask<Roles>(event.fetch, 'GET', '/api/v1/roles').catch((): Roles => nothing),
    ask<{ items: Plan[] }>(event.fetch, 'GET', '/api/v1/plans').catch((): { items: Plan[] } => nothing),
  ]);
  return { filter, people, roles: roles.items, plans: plans.items };
};
