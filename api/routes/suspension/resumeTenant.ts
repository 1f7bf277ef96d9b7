import { SuspensionStarted } from '#contracts/life/suspension.ts';
import { resumeTenant as resume } from '#domain/suspension/suspendTenant.ts';
import { findSuspension } from '#domain/suspension/viewSuspensions.ts';
import { countSuspension } from '#observability/suspensionMetrics.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const resumeTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/resume',
  summary: 'Resume a suspended tenant: open again what the suspension closed',
  permission: 'tenants:suspend',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  idempotent: true,
  success: { status: 202, body: SuspensionStarted },
  errors: ['not_found', 'suspension_over', 'tenant_not_active', 'run_in_progress'],
  async handle({ params: { tenantId }, actor }, { once, em, platform, workflows }) {
    const { suspensionId, runId } = await once((tx) => resume(tx, tenantId, actor));
    countSuspension('resumed');
    await workflows.start(runId);
    return { suspension: await findSuspension(em.fork(), platform.tenantKeys, { tenantId, suspensionId }), runId };
  },
});
