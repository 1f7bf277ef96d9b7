import { RunbookVersion } from '#contracts/runbooks/runbooks.ts';
import { findVersion } from '#domain/runbooks/versions/viewRunbooks.ts';
import { defineRoute } from '../../route.ts';
import { RunbookVersionParams } from './runbookParams.ts';

export const readRunbookVersion = defineRoute({
  method: 'get',
  path: '/api/v1/runbooks/{name}/versions/{version}',
  summary: 'Read one version of a runbook',
  permission: 'runbooks:read',
  params: RunbookVersionParams,
  success: { status: 200, body: RunbookVersion },
  errors: ['not_found'],
  handle: ({ params: { name, version } }, { em }) => findVersion(em, name, version),
});
