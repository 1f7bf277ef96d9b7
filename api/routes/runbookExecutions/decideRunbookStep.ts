import { Execution, StepDecision } from '#contracts/runbooks/executions.ts';
import { decideStep } from '#domain/runbooks/deciding/decideStep.ts';
import { defineRoute, RunStepParams } from '../../route.ts';
import { steer } from './toldExecution.ts';

export const decideRunbookStep = defineRoute({
  method: 'post',
  path: '/api/v1/runbook-executions/{runId}/steps/{stepId}/decision',
  summary: 'Decide about a step: try it again, skip it with a reason, go on, or stop and take back',
  permission: 'runbooks:decide',
  scope: 'run',
  params: RunStepParams,
  body: StepDecision,
  success: { status: 202, body: Execution },
  errors: ['not_found', 'run_moved_on', 'run_over', 'decision_not_possible'],
  handle: (input, context) =>
    steer(context, input.params.runId, input, (em, keyring) =>
      decideStep(em, keyring, input.params, input.body, input.actor),
    ),
});
