import { RestoreList } from '#contracts/backups/restores.ts';
import { listRestorable, listRestores } from '#domain/backups/restoring/viewRestores.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listTenantRestores = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/restores',
  summary: 'List what can be restored of a tenant, and what was',
  permission: 'backups:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: RestoreList },
  errors: ['not_found'],
  async handle({ params: { tenantId } }, { em }) {
    const items = await listRestores(em, tenantId);
    return { backups: await listRestorable(em, tenantId), items };
  },
});
