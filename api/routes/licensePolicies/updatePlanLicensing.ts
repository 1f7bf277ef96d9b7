import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';
import { PlanLicensing, PlanLicensingChange } from '#contracts/licenses/policies.ts';
import { changePlanLicensing } from '#domain/licenses/policies/planLicensing.ts';
import { defineRoute } from '../../route.ts';

/** Licences that were issued keep the version they were issued by. */
export const updatePlanLicensing = defineRoute({
  method: 'patch',
  path: '/api/v1/plans/{plan}/license-policy',
  summary: 'Point a plan at a version of a licence policy, or at none',
  permission: 'licenses:policies',
  params: z.strictObject({ plan: Name }),
  body: PlanLicensingChange,
  success: { status: 200, body: PlanLicensing },
  errors: ['not_found', 'plan_moved', 'license_policy_unknown'],
  handle: async ({ params, body, actor }, { once }) => once((em) => changePlanLicensing(em, params.plan, body, actor)),
});
