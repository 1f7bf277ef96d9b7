import { MigratedTenantPage, MigratedTenantQuery } from '#contracts/fleet/migrations.ts';
import { listMigrated } from '#domain/fleet/viewFleetRun.ts';
import { defineRoute, RunParams } from '../../route.ts';

export const listMigratedTenants = defineRoute({
  method: 'get',
  path: '/api/v1/fleet/runs/{runId}/tenants',
  summary: 'List what became of each tenant of a fleet migration',
  permission: 'runs:read',
  scope: 'run',
  params: RunParams,
  query: MigratedTenantQuery,
  success: { status: 200, body: MigratedTenantPage },
  errors: ['not_found'],
  handle: ({ params, query }, { em }) => listMigrated(em, params.runId, query),
});
