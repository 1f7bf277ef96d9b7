import type { HandOverList } from '#contracts/backups/arrivals.ts';
import type { RestoreList } from '#contracts/backups/restores.ts';
import type { TenantDetail } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/tenants/${encodeURIComponent(event.params.id)}`;
  const [tenant, restores, handOvers] = await Promise.all([
    read<TenantDetail>(event, path),
    read<RestoreList>(event, `${path}/restores`),
    read<HandOverList>(event, `${path}/hand-overs`),
  ]);
  return { tenant, backups: restores.backups, handOvers };
};
