import type { BackupFleet } from '#contracts/backups/backups.ts';
import type { DrillPage } from '#contracts/backups/drills.ts';
import type { PlatformBackupList } from '#contracts/backups/platformBackups.ts';
import type { BackupPolicy } from '#contracts/backups/policies.ts';
import type { ReplicationState } from '#contracts/recovery/replication.ts';
import type { ServerArchive } from '#contracts/recovery/serverArchive.ts';
import type { RunbookList } from '#contracts/runbooks/runbooks.ts';
import { may } from '#contracts/permissions.ts';
import { query, read } from '#lib/api/requests.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';
import type { PageLoad } from './$types';

const recentDrills = 50;

/** What somebody may not see is left out, and said so. */
export const load: PageLoad = async (event) => {
  const { session } = await event.untrack(() => event.parent());
  const seesBackups = may(session.grants, 'backups:read');
  const seesPlatform = may(session.grants, 'platform:recover');
  const [{ items: runbooks }, fleet, policies, drills, platform, archive, replication] = await Promise.all([
    read<RunbookList>(event, runbookPaths.list),
    seesBackups ? read<BackupFleet>(event, '/api/v1/backups') : null,
    seesBackups ? read<{ items: BackupPolicy[] }>(event, '/api/v1/backup-policies') : null,
    seesBackups ? read<DrillPage>(event, `/api/v1/drills${query({ limit: recentDrills })}`) : null,
    seesPlatform ? read<PlatformBackupList>(event, '/api/v1/platform/backups') : null,
    seesPlatform ? read<ServerArchive>(event, '/api/v1/platform/archive') : null,
    seesPlatform ? read<ReplicationState>(event, '/api/v1/platform/servers') : null,
  ]);
  const tenants = { fleet, policies: policies?.items ?? [], drills: drills?.items ?? [] };
  return { runbooks, known: { ...tenants, platform, archive, replication } };
};
