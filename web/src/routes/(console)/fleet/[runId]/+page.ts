import type { FleetRun, MigratedTenantPage } from '#contracts/fleet/migrations.ts';
import type { Run } from '#contracts/runs.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const id = encodeURIComponent(event.params.runId);
  const cursor = event.url.searchParams.get('cursor');
  const [run, fleet, tenants] = await Promise.all([
    read<Run>(event, `/api/v1/runs/${id}`),
    read<FleetRun>(event, `/api/v1/fleet/runs/${id}`),
    read<MigratedTenantPage>(event, `/api/v1/fleet/runs/${id}/tenants${query({ cursor })}`),
  ]);
  return { run, fleet, tenants };
};
