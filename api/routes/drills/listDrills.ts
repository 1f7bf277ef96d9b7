import { DrillPage, DrillQuery } from '#contracts/backups/drills.ts';
import { listDrills as list } from '#domain/backups/drills/viewDrills.ts';
import { defineRoute } from '../../route.ts';

export const listDrills = defineRoute({
  method: 'get',
  path: '/api/v1/drills',
  summary: 'List the drills of all tenants, with what they measured',
  permission: 'backups:read',
  scope: 'reach',
  query: DrillQuery,
  success: { status: 200, body: DrillPage },
  errors: [],
  handle: ({ query, reach }, { em }) => list(em, { reach }, query),
});
