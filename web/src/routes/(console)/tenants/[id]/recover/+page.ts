import type { RecoveryList } from '#contracts/recovery/recoveries.ts';
import type { TenantDetail } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/tenants/${encodeURIComponent(event.params.id)}`;
  const [tenant, recoveries] = await Promise.all([
    read<TenantDetail>(event, path),
    read<RecoveryList>(event, `${path}/recoveries`),
  ]);
  return { tenant, recoveries };
};
