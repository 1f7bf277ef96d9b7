import { LegalHolds, NewLegalHold } from '#contracts/offboarding/offboarding.ts';
import { listHoldsOnBackup, setHoldOnBackup } from '#domain/backups/retention/backupHolds.ts';
import { defineRoute } from '../../../route.ts';
import { BackupParams } from '../backupParams.ts';

export const holdBackup = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/backups/{backupId}/legal-holds',
  summary: 'Keep a backup, whatever the rules of its plan say, until that is lifted',
  permission: 'tenants:hold',
  scope: 'tenant',
  params: BackupParams,
  body: NewLegalHold,
  success: { status: 201, body: LegalHolds },
  errors: ['not_found', 'backup_not_found', 'tenant_erased', 'legal_hold_open'],
  async handle({ params, body, actor }, { em, platform }) {
    const { tenantKeys } = platform;
    await tenantKeys.find(params.tenantId); // inside the transaction it would want a second connection
    await em.transactional((tx) => setHoldOnBackup(tx, tenantKeys, params, body.reason, actor));
    return { items: await listHoldsOnBackup(em, tenantKeys, params) };
  },
});
