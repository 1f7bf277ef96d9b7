import type { LegalHolds, TenantEnd } from '#contracts/offboarding/offboarding.ts';
import type { TenantDetail } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/tenants/${encodeURIComponent(event.params.id)}`;
  const [tenant, end, holds] = await Promise.all([
    read<TenantDetail>(event, path),
    read<TenantEnd>(event, `${path}/offboarding`),
    read<LegalHolds>(event, `${path}/legal-holds`),
  ]);
  return { tenant, end, holds: holds.items };
};
