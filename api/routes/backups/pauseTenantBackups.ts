import { TenantBackups } from '#contracts/backups/backups.ts';
import { BackupPause } from '#contracts/backups/policies.ts';
import { pauseTenantBackups as pause } from '#domain/backups/policies/pauseTenant.ts';
import { viewTenantBackups } from '#domain/backups/viewing/viewTenantBackups.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const pauseTenantBackups = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/backups/pause',
  summary: "Pause a tenant's backups",
  permission: 'backups:manage',
  scope: 'tenant',
  params: TenantParams,
  body: BackupPause,
  success: { status: 200, body: TenantBackups },
  errors: ['not_found', 'tenant_erased'],
  async handle({ params, body, actor }, { em }) {
    await em.transactional((tx) => pause(tx, params.tenantId, body.reason, actor));
    return viewTenantBackups(em, params.tenantId);
  },
});
