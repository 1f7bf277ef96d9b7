import { Run } from '#contracts/runs.ts';
import { requestPause } from '#domain/runs/deciding/decideRun.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { toldRun } from './toldRun.ts';

export const pauseRun = defineRoute({
  method: 'post',
  path: '/api/v1/runs/{runId}/pause',
  summary: 'Stop a run before its next step',
  permission: 'runs:decide',
  scope: 'run',
  params: RunParams,
  success: { status: 202, body: Run },
  errors: ['not_found', 'run_not_pausable'],
  async handle({ params: { runId }, actor }, context) {
    const version = await context.em.transactional((tx) => requestPause(tx, runId, actor));
    context.platform.announcer.announce('run', runId, version);
    return toldRun(context, runId);
  },
});
