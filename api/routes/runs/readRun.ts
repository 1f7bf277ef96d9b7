import { DomainError } from '#contracts/errors.ts';
import { Run } from '#contracts/runs.ts';
import { findRunView } from '#domain/runs/viewRun.ts';
import { defineRoute, RunParams } from '../../route.ts';

export const readRun = defineRoute({
  method: 'get',
  path: '/api/v1/runs/{runId}',
  summary: 'Read a run with its steps',
  permission: 'runs:read',
  params: RunParams,
  success: { status: 200, body: Run },
  errors: ['not_found'],
  async handle({ params }, { em, platform }) {
    const run = await findRunView(em, params.runId, platform.configuration.temporal);
    if (!run) throw new DomainError('not_found', 'There is no such run.');
    return run;
  },
});
