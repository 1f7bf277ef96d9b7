import type { Plan, TenantPage } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import { tenantStateWords } from '#lib/display/words.ts';
import type { PageLoad } from './$types';

const sorts = ['-createdAt', 'createdAt', 'name', '-name'];

/** The address is the whole state of the list; what in it makes no sense is as if it were not there. */
export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const state = asked.get('state') ?? '';
  const sort = asked.get('sort') ?? '';
  const filter = {
    q: (asked.get('q') ?? '').slice(0, 120),
    state: state in tenantStateWords ? state : '',
    plan: (asked.get('plan') ?? '').slice(0, 63),
    sort: sorts.includes(sort) ? sort : '-createdAt',
  };
  const { session } = await event.untrack(() => event.parent());
  const [tenants, plans] = await Promise.all([
    read<TenantPage>(event, `/api/v1/tenants${query({ ...filter, cursor: asked.get('cursor') })}`),
    session.permissions.includes('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
  ]);
  return { filter, tenants, plans: plans.items };
};
