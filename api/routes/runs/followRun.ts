import { Run } from '#contracts/runs.ts';
import { defineStream, RunParams } from '../../route.ts';

/** The run as it is, then again with every change, until it is over; a lost connection is simply made again. */
export const followRun = defineStream({
  method: 'get',
  path: '/api/v1/runs/{runId}/events',
  summary: 'Follow a run live',
  permission: 'runs:read',
  scope: 'run',
  params: RunParams,
  stream: { event: 'run', data: Run },
  errors: ['not_found'],
  async *handle({ params, signal }, { runWatch }) {
    for await (const run of runWatch.follow(params.runId, signal)) yield { id: String(run.version), data: run };
  },
});
