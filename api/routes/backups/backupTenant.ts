import { RunStarted } from '#contracts/runs.ts';
import { openBackup } from '#domain/backups/runs/openBackup.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** Whatever the clock and pauses say of it. */
export const backupTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/backups',
  summary: 'Back up a tenant now',
  permission: 'backups:run',
  scope: 'tenant',
  params: TenantParams,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'tenant_not_active', 'run_in_progress'],
  async handle({ params, actor }, { once, workflows }) {
    const started = await once((em) => openBackup(em, { ...params, cause: 'asked' }, actor));
    await workflows.start(started.runId);
    return started;
  },
});
