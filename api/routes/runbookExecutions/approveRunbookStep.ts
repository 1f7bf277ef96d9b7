import { Execution, StepVerdict } from '#contracts/runbooks/executions.ts';
import { DomainError } from '#contracts/errors.ts';
import { approveStep } from '#domain/runbooks/deciding/decideStep.ts';
import { defineRoute, RunStepParams } from '../../route.ts';
import { steer } from './toldExecution.ts';

/** Only by people: a key that approves would be one person with two voices. */
export const approveRunbookStep = defineRoute({
  method: 'post',
  path: '/api/v1/runbook-executions/{runId}/steps/{stepId}/verdict',
  summary: 'Approve or refuse what an execution is about to do, as it was shown',
  permission: 'approvals:decide',
  scope: 'run',
  people: true,
  params: RunStepParams,
  body: StepVerdict,
  success: { status: 202, body: Execution },
  errors: [
    'not_found',
    'run_over',
    'approval_invalid',
    'approval_own',
    'approval_decided',
    'approval_over',
    'forbidden',
  ],
  async handle(input, context) {
    const { params, body, signedIn, actor } = input;
    if (!signedIn) throw new DomainError('forbidden', 'Only people approve.');
    return steer(context, params.runId, input, (em, keyring) =>
      approveStep(em, keyring, params, body, signedIn.userId, actor),
    );
  },
});
