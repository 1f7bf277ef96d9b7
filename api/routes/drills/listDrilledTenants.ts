import { DrilledPage, DrilledQuery } from '#contracts/backups/drillReports.ts';
import { listDrilledTenants as list } from '#domain/backups/reports/viewDrillFleet.ts';
import { defineRoute } from '../../route.ts';

export const listDrilledTenants = defineRoute({
  method: 'get',
  path: '/api/v1/drills/tenants',
  summary: 'List tenants with how their backups stand and their newest drill',
  permission: 'backups:read',
  scope: 'reach',
  query: DrilledQuery,
  success: { status: 200, body: DrilledPage },
  errors: [],
  handle: ({ query, reach }, { em }) => list(em, query, reach),
});
