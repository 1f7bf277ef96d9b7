import { RunStarted } from '#contracts/runs.ts';
import { openVerification } from '#domain/backups/runs/openBackup.ts';
import { defineRoute } from '../../route.ts';
import { BackupParams } from './backupParams.ts';

export const verifyBackup = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/backups/{backupId}/verify',
  summary: 'Read a backup again, without restoring it',
  permission: 'backups:run',
  scope: 'tenant',
  params: BackupParams,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'tenant_not_active', 'run_in_progress'],
  async handle({ params, actor }, { once, workflows }) {
    const started = await once((em) => openVerification(em, params, actor));
    await workflows.start(started.runId);
    return started;
  },
});
