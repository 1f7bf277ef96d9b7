import { z } from 'zod';
import { Name, PlanMove } from '#contracts/blueprints.ts';
import { Plan } from '#contracts/tenants.ts';
import { movePlan } from '#domain/blueprints/changePlans.ts';
import { defineRoute } from '../../route.ts';

/** Runs that are under way keep the version they began with. */
export const updatePlan = defineRoute({
  method: 'patch',
  path: '/api/v1/plans/{plan}',
  summary: 'Move a plan to another version of its blueprint',
  permission: 'plans:write',
  params: z.strictObject({ plan: Name }),
  body: PlanMove,
  success: { status: 200, body: Plan },
  errors: ['not_found', 'plan_moved', 'blueprint_unknown'],
  handle: async ({ params, body, actor }, { once }) => once((em) => movePlan(em, params.plan, body, actor)),
});
