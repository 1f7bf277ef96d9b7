import { BulkDecided, BulkDecision } from '#contracts/decisions.ts';
import { decideParked } from '#domain/runs/deciding/decideParked.ts';
import { defineRoute } from '../../route.ts';

/** At most 200 at once; `left` tells how many more there are. */
export const decideParkedRuns = defineRoute({
  method: 'post',
  path: '/api/v1/parked-runs/decisions',
  summary: 'Tell all runs that are parked for one reason the same',
  permission: 'runs:decide',
  scope: 'reach',
  body: BulkDecision,
  success: { status: 200, body: BulkDecided },
  errors: [],
  async handle({ body, reach, actor }, { em, platform, workflows }) {
    const { told, ...counts } = await decideParked(em, body, reach, actor);
    for (const { runId, version } of told) platform.announcer.announce('run', runId, version);
    await workflows.deliverDecisions(told.map(({ decisionId, workflowId }) => ({ id: decisionId, workflowId })));
    return counts;
  },
});
