import { Backup } from '#contracts/backups/backups.ts';
import { viewBackup } from '#domain/backups/viewing/viewBackups.ts';
import { defineRoute } from '../../route.ts';
import { BackupParams } from './backupParams.ts';

export const readBackup = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/backups/{backupId}',
  summary: 'Read what a backup holds, why it stays, and what came of reading it again',
  permission: 'backups:read',
  scope: 'tenant',
  params: BackupParams,
  success: { status: 200, body: Backup },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewBackup(em, params.tenantId, params.backupId),
});
