import { revokeApiKey as revoke } from '#domain/apiKeys/changeKeys.ts';
import { ApiKeyParams, defineRoute } from '../../route.ts';
import { whoseKeys } from './whoseKeys.ts';

export const revokeApiKey = defineRoute({
  method: 'delete',
  path: '/api/v1/api-keys/{keyId}',
  summary: "Revoke one of one's own API keys, or anybody's by the permission `api-keys:manage`, at once",
  permission: 'signed-in',
  params: ApiKeyParams,
  success: { status: 204 },
  errors: ['not_found'],
  async handle({ params, actor, signedIn, may }, { changeAccess }) {
    const whose = { keyId: params.keyId, userId: whoseKeys({ signedIn, may }) };
    await changeAccess((em) => revoke(em, whose, actor));
  },
});
