import { Execution } from '#contracts/runbooks/executions.ts';
import { viewExecution } from '#domain/runbooks/viewing/viewExecution.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { onlookerOf } from './toldExecution.ts';

export const readRunbookExecution = defineRoute({
  method: 'get',
  path: '/api/v1/runbook-executions/{runId}',
  summary: 'Read an execution of a runbook with its steps and its timeline',
  permission: 'runbooks:read',
  scope: 'run',
  params: RunParams,
  success: { status: 200, body: Execution },
  errors: ['not_found'],
  handle: (input, { em, platform }) => viewExecution(em, input.params.runId, platform, onlookerOf(input)),
});
