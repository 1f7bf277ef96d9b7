import { error } from '@sveltejs/kit';
import { may } from '#contracts/permissions.ts';
import type { Plan } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

/** The plans that this person may make tenants of. */
export const load: PageLoad = async (event) => {
  const [plans, { session }] = await Promise.all([read<{ items: Plan[] }>(event, '/api/v1/plans'), event.parent()]);
  const permitted = plans.items.filter(({ name }) => may(session.grants, 'tenants:create', { plan: name }));
  if (permitted.length === 0) error(403, 'Creating tenants is not permitted');
  return { plans: permitted };
};
