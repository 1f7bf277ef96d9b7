import { TenantBackups } from '#contracts/backups/backups.ts';
import { viewTenantBackups } from '#domain/backups/viewing/viewTenantBackups.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readTenantProtection = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/protection',
  summary: 'Read how a tenant is protected by its backups, now and over the last weeks',
  permission: 'backups:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: TenantBackups },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewTenantBackups(em, params.tenantId),
});
