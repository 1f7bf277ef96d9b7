import { WorkerTokens } from '#contracts/outside/workerTokens.ts';
import { listWorkerTokens as list } from '#domain/workerTokens/workerTokens.ts';
import { defineRoute } from '../../route.ts';

export const listWorkerTokens = defineRoute({
  method: 'get',
  path: '/api/v1/worker-tokens',
  summary: "List the tokens of custom steps' workers, without the tokens themselves",
  permission: 'worker-tokens:manage',
  success: { status: 200, body: WorkerTokens },
  errors: [],
  handle: async (_input, { em }) => ({ items: await list(em) }),
});
