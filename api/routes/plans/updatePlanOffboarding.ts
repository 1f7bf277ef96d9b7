import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';
import { PlanOffboarding, PlanOffboardingChange } from '#contracts/offboarding/offboarding.ts';
import { changePlanGrace } from '#domain/offboarding/planGrace.ts';
import { defineRoute } from '../../route.ts';

/** Offboardings that are under way keep what they began with. */
export const updatePlanOffboarding = defineRoute({
  method: 'patch',
  path: '/api/v1/plans/{plan}/offboarding',
  summary: 'Say for how long tenants of a plan can come back',
  permission: 'plans:write',
  params: z.strictObject({ plan: Name }),
  body: PlanOffboardingChange,
  success: { status: 200, body: PlanOffboarding },
  errors: ['not_found', 'plan_moved'],
  handle: ({ params, body, actor }, { em, platform }) =>
    em.transactional((tx) => changePlanGrace(tx, platform.configuration, params.plan, body, actor)),
});
