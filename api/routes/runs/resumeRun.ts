import { Run } from '#contracts/runs.ts';
import { resumeRun as resume } from '#domain/runs/deciding/decideRun.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { toldRun } from './toldRun.ts';

/** Takes a pause back that the run has not come to yet, or tells the paused run to go on. */
export const resumeRun = defineRoute({
  method: 'post',
  path: '/api/v1/runs/{runId}/resume',
  summary: 'Let a paused run go on',
  permission: 'runs:decide',
  scope: 'run',
  params: RunParams,
  success: { status: 202, body: Run },
  errors: ['not_found', 'run_moved_on', 'decision_not_possible'],
  async handle({ params: { runId }, actor }, context) {
    const { decisionId, version } = await context.em.transactional((tx) => resume(tx, runId, actor));
    context.platform.announcer.announce('run', runId, version);
    const run = await toldRun(context, runId);
    if (decisionId) await context.workflows.deliverDecisions([{ id: decisionId, workflowId: run.temporal.workflowId }]);
    return toldRun(context, runId);
  },
});
