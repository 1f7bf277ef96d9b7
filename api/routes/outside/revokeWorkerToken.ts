import { revokeWorkerToken as revoke } from '#domain/workerTokens/workerTokens.ts';
import { defineRoute, WorkerTokenParams } from '../../route.ts';

export const revokeWorkerToken = defineRoute({
  method: 'delete',
  path: '/api/v1/worker-tokens/{tokenId}',
  summary: "Revoke a worker's token, at once",
  permission: 'worker-tokens:manage',
  params: WorkerTokenParams,
  success: { status: 204 },
  errors: ['not_found'],
  handle: ({ params, actor }, { em }) => em.transactional((tx) => revoke(tx, params.tokenId, actor)),
});
