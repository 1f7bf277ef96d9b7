import type { DriftPage } from '#contracts/findings/drift.ts';
import type { RunPage } from '#contracts/runs.ts';
import type { SupportAccessPage } from '#contracts/support/supportAccess.ts';
import type { Plan, TenantDetail } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const tenantId = event.params.id;
  const { session } = await event.parent();
  const [tenant, runs, plans, drift, support] = await Promise.all([
    read<TenantDetail>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}`),
    session.permissions.includes('runs:read')
      ? read<RunPage>(event, `/api/v1/runs${query({ tenantId, limit: 20 })}`)
      : { items: [] },
    session.permissions.includes('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
    session.permissions.includes('drift:read')
      ? read<DriftPage>(event, `/api/v1/drift/findings${query({ tenantId, limit: 1 })}`)
      : null,
    session.permissions.includes('support:read')
      ? read<SupportAccessPage>(event, `/api/v1/support-accesses${query({ tenantId, limit: 5 })}`)
      : null,
  ]);
  return {
    tenant,
    runs: runs.items,
    plan: plans.items.find(({ name }) => name === tenant.plan) ?? null,
    support,
    openFindings: drift?.openCount ?? 0,
  };
};
