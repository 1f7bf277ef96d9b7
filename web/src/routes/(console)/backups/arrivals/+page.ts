import type { ArrivalList } from '#contracts/backups/arrivals.ts';
import type { Plan } from '#contracts/tenants.ts';
import { may } from '#contracts/permissions.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const [arrivals, plans, { session }] = await Promise.all([
    read<ArrivalList>(event, '/api/v1/arrivals'),
    read<{ items: Plan[] }>(event, '/api/v1/plans'),
    event.parent(),
  ]);
  return {
    arrivals: arrivals.items,
    plans: plans.items.filter(({ name }) => may(session.grants, 'tenants:create', { plan: name })),
  };
};
