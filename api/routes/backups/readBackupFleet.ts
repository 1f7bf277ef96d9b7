import { BackupFleet } from '#contracts/backups/backups.ts';
import { viewBackupFleet } from '#domain/backups/viewing/viewBackupFleet.ts';
import { defineRoute } from '../../route.ts';

export const readBackupFleet = defineRoute({
  method: 'get',
  path: '/api/v1/backups',
  summary: 'Read how many tenants are protected, by plan',
  permission: 'backups:read',
  scope: 'reach',
  success: { status: 200, body: BackupFleet },
  errors: [],
  handle: ({ reach }, { em }) => viewBackupFleet(em, reach),
});
