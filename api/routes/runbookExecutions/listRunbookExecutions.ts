import { ExecutionPage, ExecutionQuery } from '#contracts/runbooks/executions.ts';
import { listExecutions } from '#domain/runbooks/viewing/listExecutions.ts';
import { defineRoute } from '../../route.ts';

export const listRunbookExecutions = defineRoute({
  method: 'get',
  path: '/api/v1/runbook-executions',
  summary: 'List executions of runbooks, the newest first',
  permission: 'runbooks:read',
  query: ExecutionQuery,
  success: { status: 200, body: ExecutionPage },
  errors: [],
  handle: ({ query }, { em }) => listExecutions(em, query),
});
