import { OwnApiKey } from '#contracts/access/apiKeys.ts';
import { DomainError } from '#contracts/errors.ts';
import { defineRoute } from '../../route.ts';

export const readOwnApiKey = defineRoute({
  method: 'get',
  path: '/api/v1/api-keys/self',
  summary: 'Read what the API key of this request may do, and until when',
  permission: 'signed-in',
  people: false,
  success: { status: 200, body: OwnApiKey },
  errors: ['not_found'],
  async handle({ key }) {
    if (!key) throw new DomainError('not_found', 'This was not asked by an API key.');
    const { permissions, scope } = key.limits;
    return {
      id: key.keyId,
      userId: key.userId,
      permissions: [...permissions],
      scope,
      perSecond: key.perSecond,
      validUntil: key.validUntil.toISOString(),
    };
  },
});
