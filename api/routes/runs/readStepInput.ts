import { StepInputView } from '#contracts/decisions.ts';
import { readInput } from '#domain/runs/stepInputs.ts';
import { defineRoute, RunStepParams } from '../../route.ts';

export const readStepInput = defineRoute({
  method: 'get',
  path: '/api/v1/runs/{runId}/steps/{stepId}/input',
  summary: 'Read the input that a step was tried with last',
  permission: 'runs:decide',
  scope: 'run',
  params: RunStepParams,
  success: { status: 200, body: StepInputView },
  errors: ['not_found'],
  handle: ({ params }, { em, platform }) => readInput(em, platform.tenantKeys, params),
});
