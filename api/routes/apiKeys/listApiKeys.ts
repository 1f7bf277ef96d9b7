import { z } from 'zod';
import { ApiKeys } from '#contracts/access/apiKeys.ts';
import { listApiKeys as list } from '#domain/apiKeys/viewKeys.ts';
import { defineRoute } from '../../route.ts';

export const listApiKeys = defineRoute({
  method: 'get',
  path: '/api/v1/api-keys',
  summary: "List one's own API keys, or everybody's by the permission `api-keys:manage`, without the keys themselves",
  permission: 'signed-in',
  query: z.strictObject({ of: z.enum(['me', 'everybody']).default('me') }),
  success: { status: 200, body: ApiKeys },
  errors: ['forbidden'],
  async handle({ query, principal, demand }, { em }) {
    if (query.of === 'everybody') demand('api-keys:manage', {}, 'key');
    return { items: await list(em, query.of === 'everybody' ? null : (principal?.userId ?? null)) };
  },
});
