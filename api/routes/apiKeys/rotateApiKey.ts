import { IssuedApiKey, KeyRotation } from '#contracts/access/apiKeys.ts';
import { rotateApiKey as rotate } from '#domain/apiKeys/changeKeys.ts';
import { ApiKeyParams, defineRoute } from '../../route.ts';

export const rotateApiKey = defineRoute({
  method: 'post',
  path: '/api/v1/api-keys/{keyId}/rotate',
  summary: "Replace one of one's own API keys by a new one; the old one stays valid for an overlap",
  permission: 'api-keys:create',
  scope: 'anywhere',
  people: true,
  stepUp: true,
  params: ApiKeyParams,
  body: KeyRotation,
  success: { status: 201, body: IssuedApiKey },
  errors: ['not_found', 'api_key_over'],
  async handle({ params, body, principal, actor }, { changeAccess }) {
    const own = { keyId: params.keyId, userId: principal!.userId };
    return (await changeAccess((em) => rotate(em, own, body, actor))).issued;
  },
});
