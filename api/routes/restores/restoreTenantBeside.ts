import { NewRestoreBeside, RestoreStarted } from '#contracts/backups/restores.ts';
import { findTenantTarget } from '#domain/access/tenantTarget.ts';
import { openRestoreBeside } from '#domain/backups/restoring/openRestore.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** Besides restoring, who asks needs what creating a tenant of this plan needs: there is one more afterwards. */
export const restoreTenantBeside = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/restores/beside',
  summary: 'Make a tenant of its own from a backup of this one, which stays as it is',
  permission: 'backups:restore',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewRestoreBeside,
  idempotent: true,
  success: { status: 202, body: RestoreStarted },
  errors: ['not_found', 'forbidden', 'tenant_erased', 'backup_not_found', 'backup_damaged', 'slug_taken'],
  async handle({ params: { tenantId }, body, actor, demand }, { once, em, platform, workflows }) {
    const target = await findTenantTarget(em, tenantId);
    demand('tenants:create', { plan: target?.plan ?? null }, 'plan');
    await platform.tenantKeys.find(tenantId); // inside the transaction it would want a second connection
    const { runId, slug, ...made } = await once((tx) =>
      openRestoreBeside(tx, platform.tenantKeys, tenantId, body, actor),
    );
    await workflows.start(runId);
    return { runId, slug, tenantId: made.tenantId };
  },
});
