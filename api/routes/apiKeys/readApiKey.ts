import { ApiKey } from '#contracts/access/apiKeys.ts';
import { DomainError } from '#contracts/errors.ts';
import { findApiKey } from '#domain/apiKeys/viewKeys.ts';
import { ApiKeyParams, defineRoute } from '../../route.ts';
import { whoseKeys } from './whoseKeys.ts';

export const readApiKey = defineRoute({
  method: 'get',
  path: '/api/v1/api-keys/{keyId}',
  summary: "Read one of one's own API keys, or anybody's by the permission `api-keys:manage`",
  permission: 'signed-in',
  params: ApiKeyParams,
  success: { status: 200, body: ApiKey },
  errors: ['not_found'],
  async handle({ params, signedIn, may }, { em }) {
    const key = await findApiKey(em, params.keyId, whoseKeys({ signedIn, may }));
    if (!key) throw new DomainError('not_found', 'There is no such key.');
    return key;
  },
});
