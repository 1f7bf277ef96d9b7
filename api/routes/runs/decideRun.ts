import { Decision } from '#contracts/decisions.ts';
import { Run } from '#contracts/runs.ts';
import { decideRun as decide } from '#domain/runs/deciding/decideRun.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { toldRun } from './toldRun.ts';

/** The decision is a row before the workflow hears of it: it holds whatever becomes of this process. */
export const decideRun = defineRoute({
  method: 'post',
  path: '/api/v1/runs/{runId}/decisions',
  summary: 'Decide what a run does that stands still',
  permission: 'runs:decide',
  scope: 'run',
  params: RunParams,
  body: Decision,
  success: { status: 202, body: Run },
  errors: ['not_found', 'run_moved_on', 'decision_not_possible', 'input_invalid'],
  async handle({ params: { runId }, body, actor }, context) {
    const { tenantKeys, announcer } = context.platform;
    const { decisionId, version } = await context.em.transactional((tx) => decide(tx, runId, body, actor, tenantKeys));
    announcer.announce('run', runId, version);
    const run = await toldRun(context, runId);
    await context.workflows.deliverDecisions([{ id: decisionId, workflowId: run.temporal.workflowId }]);
    return toldRun(context, runId);
  },
});
