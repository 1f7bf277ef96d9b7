import { ItemSkip, Onboarding, OnboardingItemName } from '#contracts/onboarding/onboarding.ts';
import { skipItem } from '#domain/onboarding/tenantsPart.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';
import { answerOnboarding } from './answerOnboarding.ts';

export const skipPortalOnboardingItem = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/onboarding/items/{item}/skip',
  summary: 'Pass over an item that does not apply, and say why',
  permission: 'portal',
  portal: 'onboarding:complete',
  params: PortalParams.extend({ item: OnboardingItemName }),
  body: ItemSkip,
  success: { status: 200, body: Onboarding },
  errors: ['not_found', 'onboarding_over', 'item_settled', 'item_not_skippable'],
  handle: ({ params: { item }, body: { reason }, actor }, context) =>
    answerOnboarding(context, (em, tenantId) => skipItem(em, { tenantId, item, reason, by: 'tenant' }, actor)),
});
