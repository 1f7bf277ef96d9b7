import { OnboardingPage, OnboardingQuery } from '#contracts/onboarding/onboarding.ts';
import { listOnboardings as list } from '#domain/onboarding/viewOnboarding.ts';
import { defineRoute } from '../../route.ts';

export const listOnboardings = defineRoute({
  method: 'get',
  path: '/api/v1/onboardings',
  summary: 'How far tenants have come with their beginning, newest first',
  permission: 'onboarding:read',
  scope: 'reach',
  query: OnboardingQuery,
  success: { status: 200, body: OnboardingPage },
  errors: [],
  handle: ({ query, reach }, { em }) => list(em, query, reach),
});
