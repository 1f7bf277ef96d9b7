import { FleetTenantPage, FleetTenantQuery } from '#contracts/fleet/migrations.ts';
import { listFleetTenants as list } from '#domain/fleet/listFleetTenants.ts';
import { defineRoute } from '../../route.ts';

export const listFleetTenants = defineRoute({
  method: 'get',
  path: '/api/v1/fleet/tenants',
  summary: 'List which tenant is at which version',
  permission: 'runs:read',
  query: FleetTenantQuery,
  success: { status: 200, body: FleetTenantPage },
  errors: [],
  handle: ({ query }, { em }) => list(em, query),
});
