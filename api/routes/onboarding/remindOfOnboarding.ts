import { Onboarding } from '#contracts/onboarding/onboarding.ts';
import { remindNow } from '#domain/onboarding/remind.ts';
import { viewOnboarding } from '#domain/onboarding/viewOnboarding.ts';
import { countReminder } from '#observability/onboardingMetrics.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const remindOfOnboarding = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/onboarding/remind',
  summary: "Remind a tenant's administrator now, beside the ladder",
  permission: 'onboarding:manage',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: Onboarding },
  errors: ['not_found', 'onboarding_over', 'reminded_lately', 'nobody_to_remind'],
  async handle({ params: { tenantId }, actor }, { em, platform }) {
    await em.transactional((tx) => remindNow(tx, platform, tenantId, actor));
    countReminder('hand');
    return viewOnboarding(em, platform.tenantKeys, tenantId, { as: 'platform', may: true });
  },
});
