import { Breakpoint } from '#contracts/decisions.ts';
import { Execution } from '#contracts/runbooks/executions.ts';
import { breakBefore } from '#domain/runbooks/deciding/steerExecution.ts';
import { defineRoute, RunStepParams } from '../../route.ts';
import { steer } from './toldExecution.ts';

export const setRunbookBreakpoint = defineRoute({
  method: 'post',
  path: '/api/v1/runbook-executions/{runId}/steps/{stepId}/breakpoint',
  summary: 'Have an execution stop before a step, or not any more',
  permission: 'runbooks:decide',
  scope: 'run',
  params: RunStepParams,
  body: Breakpoint,
  success: { status: 202, body: Execution },
  errors: ['not_found', 'run_over', 'step_begun'],
  handle: (input, context) =>
    steer(context, input.params.runId, input, (em) => breakBefore(em, input.params, input.body.on, input.actor)),
});
