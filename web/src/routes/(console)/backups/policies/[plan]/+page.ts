import type { BackupPolicy } from '#contracts/backups/policies.ts';
import type { RecoveryTrend } from '#contracts/backups/trends.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/plans/${encodeURIComponent(event.params.plan)}`;
  const [policy, trend] = await Promise.all([
    read<BackupPolicy>(event, `${path}/backups`),
    read<RecoveryTrend>(event, `${path}/recovery-trend`),
  ]);
  return { policy, trend };
};
