import { Onboarding, OnboardingItemName } from '#contracts/onboarding/onboarding.ts';
import { completeItem } from '#domain/onboarding/tenantsPart.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';
import { answerOnboarding } from './answerOnboarding.ts';

export const completeOnboardingItem = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/onboarding/items/{item}/complete',
  summary: 'Say that an item is done, where nothing else can tell',
  permission: 'portal',
  portal: 'onboarding:complete',
  params: PortalParams.extend({ item: OnboardingItemName }),
  success: { status: 200, body: Onboarding },
  errors: ['not_found', 'onboarding_over', 'item_settled', 'item_not_by_hand'],
  handle: ({ params: { item }, actor }, context) =>
    answerOnboarding(context, (em, tenantId) => completeItem(em, tenantId, item, actor)),
});
