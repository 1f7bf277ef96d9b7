import { Run } from '#contracts/runs.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { toldRun } from './toldRun.ts';

/** The wish is written before it is delivered: from then on the doors cannot open, whatever becomes of this process. */
export const cancelRun = defineRoute({
  method: 'post',
  path: '/api/v1/runs/{runId}/cancel',
  summary: 'Cancel a run and undo what it did',
  permission: 'runs:cancel',
  scope: 'run',
  params: RunParams,
  success: { status: 202, body: Run },
  errors: ['not_found', 'run_not_cancellable'],
  async handle({ params: { runId }, actor }, context) {
    const asked = await context.em.transactional((tx) => requestCancel(tx, runId, actor));
    context.platform.announcer.announce('run', runId, asked.version);
    const run = await toldRun(context, runId);
    await context.workflows.deliverCancel({ id: runId, workflowId: run.temporal.workflowId });
    return run;
  },
});
