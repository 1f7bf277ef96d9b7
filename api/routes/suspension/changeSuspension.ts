import { SuspensionChange, TenantSuspensions } from '#contracts/life/suspension.ts';
import { changeSuspension as change } from '#domain/suspension/changeSuspension.ts';
import { viewSuspensions } from '#domain/suspension/viewSuspensions.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const changeSuspension = defineRoute({
  method: 'patch',
  path: '/api/v1/tenants/{tenantId}/suspension',
  summary: 'Change when a suspension begins or ends, and what is said of it',
  permission: 'tenants:suspend',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: SuspensionChange,
  success: { status: 200, body: TenantSuspensions },
  errors: ['not_found', 'suspension_over'],
  async handle({ params: { tenantId }, body, actor }, { em, platform: { tenantKeys } }) {
    await tenantKeys.find(tenantId); // inside the transaction it would want a second connection
    await em.transactional((tx) => change(tx, tenantKeys, tenantId, body, actor));
    return viewSuspensions(em.fork(), tenantKeys, tenantId);
  },
});
