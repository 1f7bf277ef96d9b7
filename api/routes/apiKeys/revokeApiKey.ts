import { announceAccess } from '#domain/access/epoch.ts';
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
  async handle({ params, actor, ...asked }, { em, access, platform }) {
    const whose = { keyId: params.keyId, userId: whoseKeys(asked) };
    const epoch = await em.transactional((tx) => revoke(tx, whose, actor));
    access.refresh();
    announceAccess(platform.announcer, epoch);
  },
});
