import { IssuedApiKey, NewApiKey } from '#contracts/access/apiKeys.ts';
import { createApiKey as create } from '#domain/apiKeys/changeKeys.ts';
import { refuseMoreThanMine } from '#domain/apiKeys/refuseMoreThanMine.ts';
import { defineRoute } from '../../route.ts';

/** Not idempotent by key: the answer would have to be kept, and with it the API key. */
export const createApiKey = defineRoute({
  method: 'post',
  path: '/api/v1/api-keys',
  summary: "Make an API key of one's own; it is shown this once",
  permission: 'api-keys:create',
  scope: 'anywhere',
  people: true,
  stepUp: true,
  body: NewApiKey,
  success: { status: 201, body: IssuedApiKey },
  errors: ['key_exceeds_yours', 'api_key_limit'],
  async handle({ body, principal, may, actor }, { em }) {
    await refuseMoreThanMine(em, body, may);
    return em.transactional((tx) => create(tx, principal!.userId, body, actor));
  },
});
