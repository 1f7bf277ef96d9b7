import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';
import { PlanLicensing } from '#contracts/licenses/policies.ts';
import { viewPlanLicensing } from '#domain/licenses/policies/planLicensing.ts';
import { defineRoute } from '../../route.ts';

export const readPlanLicensing = defineRoute({
  method: 'get',
  path: '/api/v1/plans/{plan}/license-policy',
  summary: 'Read by which version of a licence policy the new licences of a plan are issued',
  permission: 'licenses:read',
  params: z.strictObject({ plan: Name }),
  success: { status: 200, body: PlanLicensing },
  errors: ['not_found'],
  handle: async ({ params }, { em }) => viewPlanLicensing(em, params.plan),
});
