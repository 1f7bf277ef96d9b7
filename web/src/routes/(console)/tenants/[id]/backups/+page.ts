import type { BackupPage, TenantBackups } from '#contracts/backups/backups.ts';
import type { DrillPage } from '#contracts/backups/drills.ts';
import type { RecoveryTrend } from '#contracts/backups/trends.ts';
import type { TenantDetail } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/tenants/${encodeURIComponent(event.params.id)}`;
  const cursor = event.url.searchParams.get('cursor');
  const [tenant, protection, backups, drills, trend] = await Promise.all([
    read<TenantDetail>(event, path),
    read<TenantBackups>(event, `${path}/protection`),
    read<BackupPage>(event, `${path}/backups${query({ cursor, limit: 25 })}`),
    read<DrillPage>(event, `${path}/drills?limit=5`),
    read<RecoveryTrend>(event, `${path}/recovery-trend`),
  ]);
  return { tenant, protection, backups, drills, trend };
};
