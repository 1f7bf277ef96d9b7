import { LegalHolds } from '#contracts/offboarding/offboarding.ts';
import { listHoldsOnBackup } from '#domain/backups/retention/backupHolds.ts';
import { defineRoute } from '../../../route.ts';
import { BackupParams } from '../backupParams.ts';

export const listBackupHolds = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/backups/{backupId}/legal-holds',
  summary: 'What keeps, or kept, a backup beyond the rules of its plan',
  permission: 'backups:read',
  scope: 'tenant',
  params: BackupParams,
  success: { status: 200, body: LegalHolds },
  errors: ['not_found'],
  handle: async ({ params }, { em, platform }) => ({
    items: await listHoldsOnBackup(em, platform.tenantKeys, params),
  }),
});
