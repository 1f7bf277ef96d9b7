import { BackupPage, BackupQuery } from '#contracts/backups/backups.ts';
import { listBackups } from '#domain/backups/viewing/viewBackups.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listTenantBackups = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/backups',
  summary: "List a tenant's backups",
  permission: 'backups:read',
  scope: 'tenant',
  params: TenantParams,
  query: BackupQuery,
  success: { status: 200, body: BackupPage },
  errors: ['not_found'],
  handle: ({ params, query }, { em }) => listBackups(em, params.tenantId, query),
});
