import { Execution, ManualCompletion } from '#contracts/runbooks/executions.ts';
import { completeStep } from '#domain/runbooks/deciding/decideStep.ts';
import { defineRoute, RunStepParams } from '../../route.ts';
import { steer } from './toldExecution.ts';

export const completeRunbookStep = defineRoute({
  method: 'post',
  path: '/api/v1/runbook-executions/{runId}/steps/{stepId}/completion',
  summary: 'Say that a manual step is done, or that it failed',
  permission: 'runbooks:decide',
  scope: 'run',
  params: RunStepParams,
  body: ManualCompletion,
  success: { status: 202, body: Execution },
  errors: ['not_found', 'run_moved_on', 'run_over', 'decision_not_possible', 'input_invalid'],
  handle: (input, context) =>
    steer(context, input.params.runId, input, (em, keyring) =>
      completeStep(em, keyring, input.params, input.body, input.actor),
    ),
});
