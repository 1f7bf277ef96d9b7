import { NewPlan } from '#contracts/blueprints.ts';
import { Plan } from '#contracts/tenants.ts';
import { createPlan as create } from '#domain/blueprints/changePlans.ts';
import { defineRoute } from '../../route.ts';

export const createPlan = defineRoute({
  method: 'post',
  path: '/api/v1/plans',
  summary: 'Create a plan',
  permission: 'plans:write',
  body: NewPlan,
  idempotent: true,
  success: { status: 201, body: Plan },
  errors: ['plan_taken', 'blueprint_unknown'],
  handle: async ({ body, actor }, { once }) => once((em) => create(em, body, actor)),
});
