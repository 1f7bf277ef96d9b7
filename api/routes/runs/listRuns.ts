import { RunPage, RunQuery } from '#contracts/runs.ts';
import { listRuns as findPage } from '#domain/runs/listRuns.ts';
import { defineRoute } from '../../route.ts';

export const listRuns = defineRoute({
  method: 'get',
  path: '/api/v1/runs',
  summary: 'List runs, newest first',
  permission: 'runs:read',
  scope: 'reach',
  query: RunQuery,
  success: { status: 200, body: RunPage },
  errors: [],
  handle: ({ query, reach }, { em, platform }) => findPage(em, query, reach, platform.configuration.temporal),
});
