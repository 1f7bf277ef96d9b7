import { z } from 'zod';
import { Plan } from '#contracts/tenants.ts';
import { Plan as PlanRecord } from '#domain/blueprints/blueprintRecord.ts';
import { defineRoute } from '../../route.ts';

export const listPlans = defineRoute({
  method: 'get',
  path: '/api/v1/plans',
  summary: 'List plans',
  permission: 'plans:read',
  scope: 'anywhere',
  success: { status: 200, body: z.object({ items: z.array(Plan) }) },
  errors: [],
  async handle(_input, { em }) {
    const plans = await em.find(PlanRecord, {}, { orderBy: { title: 'asc' } });
    const items = plans.map(({ name, title, tier, blueprintName, blueprintVersion }) => ({
      name,
      title,
      tier,
      blueprint: { name: blueprintName, version: blueprintVersion },
    }));
    return { items };
  },
});
