import { RunStarted } from '#contracts/runs.ts';
import { undoOffboarding } from '#domain/offboarding/undoOffboarding.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const undoTenantOffboarding = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/offboarding/undo',
  summary: 'Take an offboarding back, until its erasure begins: the tenant is what it was before',
  permission: 'tenants:offboard',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'offboarding_not_undoable'],
  async handle({ params, actor }, { em, workflows }) {
    const { workflowId, ...taken } = await em.transactional((tx) => undoOffboarding(tx, params.tenantId, actor));
    await workflows.deliverCancel({ id: taken.runId, workflowId });
    return taken;
  },
});
