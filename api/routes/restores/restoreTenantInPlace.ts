import { NewRestore, RestoreStarted } from '#contracts/backups/restores.ts';
import { announceAccess } from '#domain/access/epoch.ts';
import { openRestoreInPlace } from '#domain/backups/restoring/openRestore.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** From this answer on every process refuses the tenant's people and keys, until the run opens its doors again. */
export const restoreTenantInPlace = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/restores',
  summary: 'Replace what a tenant has by what a backup of it holds',
  permission: 'backups:restore',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewRestore,
  idempotent: true,
  approval: 'restore_in_place',
  success: { status: 202, body: RestoreStarted },
  errors: [
    'not_found',
    'tenant_erased',
    'tenant_not_active',
    'confirmation_mismatch',
    'offboarding_open',
    'backup_not_found',
    'backup_damaged',
    'run_in_progress',
  ],
  async handle({ params: { tenantId }, body, actor }, { once, platform, access, workflows }) {
    await platform.tenantKeys.find(tenantId); // inside the transaction it would want a second connection
    const { epoch, ...started } = await once((em) =>
      openRestoreInPlace(em, platform.tenantKeys, tenantId, body, actor),
    );
    if (epoch !== null) {
      access.refresh(epoch);
      announceAccess(platform.announcer, epoch);
    }
    await workflows.start(started.runId);
    return started;
  },
});
