import { Execution, ExecutionPause } from '#contracts/runbooks/executions.ts';
import { pauseExecution } from '#domain/runbooks/deciding/steerExecution.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { steer } from './toldExecution.ts';

export const pauseRunbookExecution = defineRoute({
  method: 'post',
  path: '/api/v1/runbook-executions/{runId}/pause',
  summary: 'Stop an execution before its next step',
  permission: 'runbooks:decide',
  scope: 'run',
  params: RunParams,
  body: ExecutionPause,
  success: { status: 202, body: Execution },
  errors: ['not_found', 'run_over', 'run_not_pausable'],
  handle: (input, context) =>
    steer(context, input.params.runId, input, (em, keyring) =>
      pauseExecution(em, keyring, input.params.runId, input.body.reason, input.actor),
    ),
});
