import type { EvidencePage } from '#contracts/backups/evidence.ts';
import type { TenantDetail } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const tenantId = asked.get('tenant');
  const [tenant, evidence] = await Promise.all([
    tenantId === null ? null : read<TenantDetail>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}`),
    read<EvidencePage>(event, `/api/v1/evidence${query({ tenantId, cursor: asked.get('cursor'), limit: 25 })}`),
  ]);
  return { tenant, evidence };
};
