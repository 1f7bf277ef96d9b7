import { liftHoldOnBackup } from '#domain/backups/retention/backupHolds.ts';
import { defineRoute } from '../../../route.ts';
import { BackupParams } from '../backupParams.ts';

export const liftBackupHold = defineRoute({
  method: 'delete',
  path: '/api/v1/tenants/{tenantId}/backups/{backupId}/legal-holds',
  summary: 'Lift the legal hold on a backup; an erasure that waited for it goes on',
  permission: 'tenants:hold',
  scope: 'tenant',
  stepUp: true,
  params: BackupParams,
  success: { status: 204 },
  errors: ['not_found'],
  async handle({ params, actor }, { em, workflows }) {
    const workflowId = await em.transactional((tx) => liftHoldOnBackup(tx, params, actor));
    if (workflowId) await workflows.wake(workflowId);
  },
});
