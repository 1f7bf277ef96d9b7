import { FleetPlan, FleetSettings } from '#contracts/fleet/migrations.ts';
import { planFleet } from '#domain/fleet/planFleet.ts';
import { defineRoute } from '../../route.ts';

export const planFleetMigration = defineRoute({
  method: 'post',
  path: '/api/v1/fleet/plan',
  summary: 'Ask what a fleet migration would do, and write nothing',
  permission: 'tenants:migrate',
  body: FleetSettings,
  success: { status: 200, body: FleetPlan },
  errors: ['migrations_refused'],
  handle: ({ body }, { em }) => planFleet(em, body),
});
