import { Run } from '#contracts/runs.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { toldRun } from './toldRun.ts';

export const readRun = defineRoute({
  method: 'get',
  path: '/api/v1/runs/{runId}',
  summary: 'Read a run with its steps',
  permission: 'runs:read',
  scope: 'run',
  params: RunParams,
  success: { status: 200, body: Run },
  errors: ['not_found'],
  handle: ({ params }, context) => toldRun(context, params.runId),
});
