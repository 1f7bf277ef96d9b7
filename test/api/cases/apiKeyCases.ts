import assert from 'node:assert/strict';
import type { IssuedApiKey, NewApiKey } from '#contracts/access/apiKeys.ts';
import type { Answer, ApiInstallation } from '../apiInstallation.ts';
import type { World } from './routeCases.ts';

/** A key of the owner's. */
export async function makeKey(api: ApiInstallation, wanted: Partial<NewApiKey> = {}): Promise<IssuedApiKey> {
  const body = { name: 'Pipeline', permissions: ['plans:read'], ...wanted };
  const { status, text, body: issued } = await api.ask<IssuedApiKey>('POST', '/api/v1/api-keys', { body });
  assert.equal(status, 201, text);
  return issued;
}

export const withKey = (key: string) => ({ cookie: null, headers: { authorization: `Bearer ${key}` } });

export const apiKeyCases = (world: World) => ({
  listApiKeys: {
    succeeds: async () => {
      await makeKey(world.api, { name: 'Listed' });
      return {};
    },
    shows: ({ body, text }: Answer) => {
      assert.partialDeepStrictEqual(body, { items: [{ name: 'Listed', state: 'active', lastUsedAt: null }] });
      assert.doesNotMatch(text, /tnt_/);
    },
  },
  createApiKey: {
    succeeds: async () => ({
      body: { name: 'Made', permissions: ['tenants:read'], scope: { kind: 'tenant', tenantId: world.active.tenantId } },
    }),
    shows: ({ body }: Answer) => {
      const { key, hint } = body as unknown as IssuedApiKey;
      assert.match(key, /^tnt_[0-9A-Za-z]{28}$/);
      assert.equal(key.slice(-4), hint);
    },
  },
  readOwnApiKey: {
    succeeds: async () => withKey((await makeKey(world.api)).key),
    shows: ({ body }: Answer) => assert.partialDeepStrictEqual(body, { permissions: ['plans:read'] }),
  },
  readApiKey: {
    succeeds: async () => ({ params: { keyId: (await makeKey(world.api)).id } }),
    shows: ({ body }: Answer) => assert.partialDeepStrictEqual(body, { name: 'Pipeline', replacedBy: null }),
  },
  rotateApiKey: {
    succeeds: async () => ({ params: { keyId: (await makeKey(world.api)).id }, body: { overlapHours: 1 } }),
    shows: async ({ body }: Answer) => {
      const { rotatedFrom } = body as unknown as IssuedApiKey;
      const old = await world.api.ask('GET', `/api/v1/api-keys/${rotatedFrom}`);
      assert.partialDeepStrictEqual(old.body, { state: 'retiring', replacedBy: body['id'] });
    },
  },
  revokeApiKey: {
    succeeds: async () => ({ params: { keyId: (await makeKey(world.api)).id } }),
    shows: ({ text }: Answer) => assert.equal(text, ''),
  },
});
