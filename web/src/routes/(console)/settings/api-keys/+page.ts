import type { ApiKeys } from '#contracts/access/apiKeys.ts';
import type { Plan, TenantPage } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

const mostOffered = 200;

export const load: PageLoad = async (event) => {
  const { session } = await event.parent();
  const may = new Set(session.permissions);
  const of = event.url.searchParams.get('of') === 'everybody' && may.has('api-keys:manage') ? 'everybody' : 'me';
  const [keys, plans, tenants] = await Promise.all([
    read<ApiKeys>(event, `/api/v1/api-keys?of=${of}`),
    may.has('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
    may.has('tenants:read') ? read<TenantPage>(event, `/api/v1/tenants?sort=name&limit=${mostOffered}`) : { items: [] },
  ]);
  return { of, keys: keys.items, plans: plans.items, tenants: tenants.items };
};
