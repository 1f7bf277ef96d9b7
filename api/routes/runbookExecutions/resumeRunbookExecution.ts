import { Execution, ExecutionPause } from '#contracts/runbooks/executions.ts';
import { resumeExecution } from '#domain/runbooks/deciding/steerExecution.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { steer } from './toldExecution.ts';

export const resumeRunbookExecution = defineRoute({
  method: 'post',
  path: '/api/v1/runbook-executions/{runId}/resume',
  summary: 'Let a paused execution go on',
  permission: 'runbooks:decide',
  scope: 'run',
  params: RunParams,
  body: ExecutionPause,
  success: { status: 202, body: Execution },
  errors: ['not_found', 'run_over', 'decision_not_possible'],
  handle: (input, context) =>
    steer(context, input.params.runId, input, (em, keyring) =>
      resumeExecution(em, keyring, input.params.runId, input.body.reason, input.actor),
    ),
});
