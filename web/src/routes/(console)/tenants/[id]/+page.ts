import type { RunPage } from '#contracts/runs.ts';
import type { Plan, TenantDetail } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const tenantId = event.params.id;
  const [tenant, runs, plans] = await Promise.all([
    read<TenantDetail>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}`),
    read<RunPage>(event, `/api/v1/runs${query({ tenantId, limit: 20 })}`),
    read<{ items: Plan[] }>(event, '/api/v1/plans'),
  ]);
  return { tenant, runs: runs.items, plan: plans.items.find(({ name }) => name === tenant.plan) ?? null };
};
