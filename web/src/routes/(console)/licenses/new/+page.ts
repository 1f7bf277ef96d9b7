import type { LicensePolicySummary } from '#contracts/licenses/policies.ts';
import { may } from '#contracts/permissions.ts';
import type { Tenant } from '#contracts/tenants.ts';
import { read, readIfThere } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const tenantId = event.url.searchParams.get('tenantId');
  const { session } = await event.parent();
  const [tenant, policies] = await Promise.all([
    tenantId ? readIfThere<Tenant>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}`) : null,
    may(session.grants, 'licenses:read')
      ? read<{ items: LicensePolicySummary[] }>(event, '/api/v1/license-policies')
      : { items: [] },
  ]);
  return { tenant: tenant && { id: tenant.id, name: tenant.name, plan: tenant.plan }, policies: policies.items };
};
