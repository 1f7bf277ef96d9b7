import { OnboardingPlanList } from '#contracts/onboarding/onboarding.ts';
import { listOnboardingPlans as list } from '#domain/onboarding/plans.ts';
import { defineRoute } from '../../route.ts';

export const listOnboardingPlans = defineRoute({
  method: 'get',
  path: '/api/v1/onboarding-plans',
  summary: 'What tenants of each plan go through at their beginning',
  permission: 'onboarding:read',
  scope: 'anywhere',
  success: { status: 200, body: OnboardingPlanList },
  errors: [],
  handle: async (_input, { em }) => ({ items: await list(em) }),
});
