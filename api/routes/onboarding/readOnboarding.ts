import { Onboarding } from '#contracts/onboarding/onboarding.ts';
import { viewOnboarding } from '#domain/onboarding/viewOnboarding.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readOnboarding = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/onboarding',
  summary: "A tenant's beginning: what is done, what was skipped and why, and when somebody is reminded",
  permission: 'onboarding:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: Onboarding },
  errors: ['not_found'],
  handle: ({ params: { tenantId }, may }, { em, platform }) =>
    viewOnboarding(em, platform.tenantKeys, tenantId, {
      as: 'platform',
      may: may('onboarding:manage', { tenantId }),
    }),
});
