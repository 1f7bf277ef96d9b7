import { Breakpoint } from '#contracts/decisions.ts';
import { Run } from '#contracts/runs.ts';
import { setBreakpoint } from '#domain/runs/deciding/decideRun.ts';
import { defineRoute, RunStepParams } from '../../route.ts';
import { toldRun } from './toldRun.ts';

export const setRunBreakpoint = defineRoute({
  method: 'post',
  path: '/api/v1/runs/{runId}/steps/{stepId}/breakpoint',
  summary: 'Let a run stop before a step, or not',
  permission: 'runs:decide',
  scope: 'run',
  params: RunStepParams,
  body: Breakpoint,
  success: { status: 200, body: Run },
  errors: ['not_found', 'step_begun'],
  async handle({ params, body, actor }, context) {
    const version = await context.em.transactional((tx) => setBreakpoint(tx, params, body.on, actor));
    context.platform.announcer.announce('run', params.runId, version);
    return toldRun(context, params.runId);
  },
});
