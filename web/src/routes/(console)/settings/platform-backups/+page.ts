import type { PlatformBackupList } from '#contracts/backups/platformBackups.ts';
import type { RefillAnswer } from '#contracts/backups/refills.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const [backups, refill] = await Promise.all([
    read<PlatformBackupList>(event, '/api/v1/platform/backups'),
    read<RefillAnswer>(event, '/api/v1/platform/refill'),
  ]);
  return { backups, refill };
};
