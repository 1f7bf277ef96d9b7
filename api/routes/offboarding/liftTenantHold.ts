import { liftLegalHold } from '#domain/offboarding/legalHolds.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const liftTenantHold = defineRoute({
  method: 'delete',
  path: '/api/v1/tenants/{tenantId}/legal-holds',
  summary: 'Lift the legal hold on a tenant; an erasure that waited for it goes on',
  permission: 'tenants:hold',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  success: { status: 204 },
  errors: ['not_found'],
  async handle({ params, actor }, { em, workflows }) {
    const workflowId = await em.transactional((tx) => liftLegalHold(tx, params.tenantId, actor));
    if (workflowId) await workflows.wake(workflowId);
  },
});
