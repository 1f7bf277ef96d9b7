import { Runbook } from '#contracts/runbooks/runbooks.ts';
import { viewRunbook } from '#domain/runbooks/versions/viewRunbooks.ts';
import { defineRoute } from '../../route.ts';
import { RunbookParams } from './runbookParams.ts';

export const readRunbook = defineRoute({
  method: 'get',
  path: '/api/v1/runbooks/{name}',
  summary: 'Read a runbook: its latest version, the list of all, and what is wrong with it now',
  permission: 'runbooks:read',
  params: RunbookParams,
  success: { status: 200, body: Runbook },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewRunbook(em, params.name),
});
