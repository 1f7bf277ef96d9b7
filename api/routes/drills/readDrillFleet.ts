import { DrillFleet } from '#contracts/backups/drillReports.ts';
import { viewDrillFleet } from '#domain/backups/reports/viewDrillFleet.ts';
import { defineRoute } from '../../route.ts';

export const readDrillFleet = defineRoute({
  method: 'get',
  path: '/api/v1/drills/fleet',
  summary: 'Count whose backups are proven and whose are not, by plan, with what drills measured',
  permission: 'backups:read',
  scope: 'reach',
  success: { status: 200, body: DrillFleet },
  errors: [],
  handle: ({ reach }, { em }) => viewDrillFleet(em, reach),
});
