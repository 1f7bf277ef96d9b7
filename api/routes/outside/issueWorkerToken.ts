import { DomainError } from '#contracts/errors.ts';
import { IssuedWorkerToken, NewWorkerToken } from '#contracts/outside/workerTokens.ts';
import { issueWorkerToken as issue } from '#domain/workerTokens/workerTokens.ts';
import { defineRoute } from '../../route.ts';

/** Not idempotent by key: the answer would have to be kept, and with it the token. */
export const issueWorkerToken = defineRoute({
  method: 'post',
  path: '/api/v1/worker-tokens',
  summary: 'Issue a token with which the workers of one task queue open and seal payloads',
  permission: 'worker-tokens:manage',
  stepUp: true,
  body: NewWorkerToken,
  success: { status: 201, body: IssuedWorkerToken },
  errors: [],
  async handle({ body, actor }, { em, platform }) {
    if (body.taskQueue === platform.configuration.taskQueue)
      throw new DomainError('invalid_request', "This queue is served by Tenantry's own workers.", {
        fields: [{ path: 'taskQueue', message: "is Tenantry's own" }],
      });
    return em.transactional((tx) => issue(tx, body, actor));
  },
});
