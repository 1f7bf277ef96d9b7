import { TenantBackups } from '#contracts/backups/backups.ts';
import { resumeTenantBackups as resume } from '#domain/backups/policies/pauseTenant.ts';
import { viewTenantBackups } from '#domain/backups/viewing/viewTenantBackups.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const resumeTenantBackups = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/backups/resume',
  summary: "Let a tenant's backups go on",
  permission: 'backups:manage',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: TenantBackups },
  errors: ['not_found', 'tenant_erased'],
  async handle({ params, actor }, { em }) {
    await em.transactional((tx) => resume(tx, params.tenantId, actor));
    return viewTenantBackups(em, params.tenantId);
  },
});
