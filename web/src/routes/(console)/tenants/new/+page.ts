import { error } from '@sveltejs/kit';
import type { Plan } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const [plans, { session }] = await Promise.all([read<{ items: Plan[] }>(event, '/api/v1/plans'), event.parent()]);
  if (!session.permissions.includes('tenants:create')) error(403, 'Creating tenants is not permitted');
  return { plans: plans.items };
};
