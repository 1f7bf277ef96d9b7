import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';
import { OnboardingPlan, OnboardingPlanChange } from '#contracts/onboarding/onboarding.ts';
import { changeOnboardingPlan } from '#domain/onboarding/plans.ts';
import { defineRoute } from '../../route.ts';

export const updateOnboardingPlan = defineRoute({
  method: 'patch',
  path: '/api/v1/onboarding-plans/{plan}',
  summary: 'Change what tenants of a plan go through; those under way keep what they began with',
  permission: 'plans:write',
  params: z.strictObject({ plan: Name }),
  body: OnboardingPlanChange,
  success: { status: 200, body: OnboardingPlan },
  errors: ['not_found'],
  handle: ({ params: { plan }, body, actor }, { em }) =>
    em.transactional((tx) => changeOnboardingPlan(tx, plan, body, actor)),
});
