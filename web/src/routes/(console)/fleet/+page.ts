import type { Fleet, FleetTenantPage } from '#contracts/fleet/migrations.ts';
import type { RunPage } from '#contracts/runs.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const show = ['behind', 'quarantined'].find((one) => one === asked.get('show')) ?? '';
  const filter = show === '' ? {} : { [show]: 'true' };
  const [fleet, tenants, runs] = await Promise.all([
    read<Fleet>(event, '/api/v1/fleet'),
    read<FleetTenantPage>(event, `/api/v1/fleet/tenants${query({ ...filter, cursor: asked.get('cursor') })}`),
    read<RunPage>(event, `/api/v1/runs${query({ kind: 'migrateFleet', limit: 5 })}`),
  ]);
  return { fleet, tenants, show, runs: runs.items };
};
