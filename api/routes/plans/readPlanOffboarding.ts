import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';
import { PlanOffboarding } from '#contracts/offboarding/offboarding.ts';
import { viewPlanGrace } from '#domain/offboarding/planGrace.ts';
import { defineRoute } from '../../route.ts';

export const readPlanOffboarding = defineRoute({
  method: 'get',
  path: '/api/v1/plans/{plan}/offboarding',
  summary: 'Read for how long tenants of a plan can come back',
  permission: 'plans:read',
  scope: 'anywhere',
  params: z.strictObject({ plan: Name }),
  success: { status: 200, body: PlanOffboarding },
  errors: ['not_found'],
  handle: ({ params }, { em, platform }) => viewPlanGrace(em, platform.configuration, params.plan),
});
