import type { RestoreList } from '#contracts/backups/restores.ts';
import type { TenantDetail } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/tenants/${encodeURIComponent(event.params.id)}`;
  const [tenant, restores] = await Promise.all([
    read<TenantDetail>(event, path),
    read<RestoreList>(event, `${path}/restores`),
  ]);
  return { tenant, restores, asked: event.url.searchParams.get('backup') };
};
