import { FleetRun } from '#contracts/fleet/migrations.ts';
import { viewFleetRun } from '#domain/fleet/viewFleetRun.ts';
import { defineRoute, RunParams } from '../../route.ts';

export const readFleetRun = defineRoute({
  method: 'get',
  path: '/api/v1/fleet/runs/{runId}',
  summary: 'Read how far a fleet migration is, wave by wave',
  permission: 'runs:read',
  scope: 'run',
  params: RunParams,
  success: { status: 200, body: FleetRun },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewFleetRun(em, params.runId),
});
