import { PlatformBackupList } from '#contracts/backups/platformBackups.ts';
import { listPlatformBackups as list } from '#domain/backups/platform/platformBackups.ts';
import { defineRoute } from '../../route.ts';

export const listPlatformBackups = defineRoute({
  method: 'get',
  path: '/api/v1/platform/backups',
  summary: "List the control plane's own backups",
  permission: 'platform:recover',
  success: { status: 200, body: PlatformBackupList },
  errors: [],
  handle: (_input, { em, platform }) => list(em, platform.configuration),
});
