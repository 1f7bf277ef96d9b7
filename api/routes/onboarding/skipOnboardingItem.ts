import { ItemSkip, Onboarding, OnboardingItemName } from '#contracts/onboarding/onboarding.ts';
import { skipItem } from '#domain/onboarding/tenantsPart.ts';
import { viewOnboarding } from '#domain/onboarding/viewOnboarding.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const skipOnboardingItem = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/onboarding/items/{item}/skip',
  summary: "Pass over an item of a tenant's beginning, and say why",
  permission: 'onboarding:manage',
  scope: 'tenant',
  params: TenantParams.extend({ item: OnboardingItemName }),
  body: ItemSkip,
  success: { status: 200, body: Onboarding },
  errors: ['not_found', 'onboarding_over', 'item_settled', 'item_not_skippable'],
  async handle({ params: { tenantId, item }, body: { reason }, actor }, { em, platform, workflows }) {
    const { workflowId } = await em.transactional((tx) =>
      skipItem(tx, { tenantId, item, reason, by: 'platform' }, actor),
    );
    await workflows.wake(workflowId);
    return viewOnboarding(em, platform.tenantKeys, tenantId, { as: 'platform', may: true });
  },
});
