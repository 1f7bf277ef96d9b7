import { NewSuspension, SuspensionStarted } from '#contracts/life/suspension.ts';
import { announceAccess } from '#domain/access/epoch.ts';
import { suspendTenant as suspend } from '#domain/suspension/suspendTenant.ts';
import { findSuspension } from '#domain/suspension/viewSuspensions.ts';
import { countSuspension } from '#observability/suspensionMetrics.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** From this answer on every process refuses the tenant's people and keys within a second; its database follows within the run. */
export const suspendTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/suspension',
  summary: 'Suspend a tenant, now or later',
  permission: 'tenants:suspend',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewSuspension,
  idempotent: true,
  success: { status: 202, body: SuspensionStarted },
  errors: [
    'not_found',
    'tenant_erased',
    'tenant_not_active',
    'suspension_open',
    'confirmation_mismatch',
    'run_in_progress',
  ],
  async handle({ params: { tenantId }, body, actor }, { once, em, platform, access, workflows }) {
    await platform.tenantKeys.find(tenantId); // inside the transaction it would want a second connection
    const { suspensionId, runId, epoch } = await once((tx) => suspend(tx, platform.tenantKeys, tenantId, body, actor));
    if (epoch !== null) {
      access.refresh(epoch);
      announceAccess(platform.announcer, epoch);
    }
    countSuspension(runId === null ? 'planned' : 'begun');
    if (runId !== null) await workflows.start(runId);
    return { suspension: await findSuspension(em.fork(), platform.tenantKeys, { tenantId, suspensionId }), runId };
  },
});
