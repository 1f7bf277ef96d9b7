import { Execution, ExecutionNote } from '#contracts/runbooks/executions.ts';
import { noteOnExecution } from '#domain/runbooks/deciding/steerExecution.ts';
import { defineRoute, RunParams } from '../../route.ts';
import { steer } from './toldExecution.ts';

export const noteOnRunbookExecution = defineRoute({
  method: 'post',
  path: '/api/v1/runbook-executions/{runId}/notes',
  summary: "Write something into an execution's timeline",
  permission: 'runbooks:decide',
  scope: 'run',
  params: RunParams,
  body: ExecutionNote,
  success: { status: 202, body: Execution },
  errors: ['not_found', 'run_over'],
  handle: (input, context) =>
    steer(context, input.params.runId, input, (em, keyring) =>
      noteOnExecution(em, keyring, input.params.runId, input.body.note, input.actor),
    ),
});
