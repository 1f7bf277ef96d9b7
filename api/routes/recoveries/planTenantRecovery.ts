import { MomentQuestion, RecoveryPlan } from '#contracts/recovery/recoveries.ts';
import { planRecovery } from '#domain/physical/recoveries/planRecovery.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const planTenantRecovery = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/recoveries/plan',
  summary: 'Ask what bringing a tenant back to a moment would do, and write nothing',
  permission: 'backups:restore',
  scope: 'tenant',
  params: TenantParams,
  body: MomentQuestion,
  success: { status: 200, body: RecoveryPlan },
  errors: ['not_found'],
  handle: ({ params: { tenantId }, body }, { em, platform }) =>
    planRecovery(em, platform.configuration, tenantId, body),
});
