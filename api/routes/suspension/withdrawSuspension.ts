import { TenantSuspensions } from '#contracts/life/suspension.ts';
import { withdrawSuspension as withdraw } from '#domain/suspension/suspendTenant.ts';
import { viewSuspensions } from '#domain/suspension/viewSuspensions.ts';
import { countSuspension } from '#observability/suspensionMetrics.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const withdrawSuspension = defineRoute({
  method: 'delete',
  path: '/api/v1/tenants/{tenantId}/suspension',
  summary: 'Withdraw a suspension that has not begun',
  permission: 'tenants:suspend',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  success: { status: 200, body: TenantSuspensions },
  errors: ['not_found', 'suspension_over'],
  async handle({ params: { tenantId }, actor }, { em, platform: { tenantKeys } }) {
    await em.transactional((tx) => withdraw(tx, tenantId, actor));
    countSuspension('withdrawn');
    return viewSuspensions(em.fork(), tenantKeys, tenantId);
  },
});
