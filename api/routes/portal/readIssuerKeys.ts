import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { publishedKeys } from '#domain/realms.ts';
import { realmIsOpen } from '#domain/tenants/openTenants.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** Public members only (RFC 7517, RFC 7518, RFC 8037): a private one could not leave by this schema. */
const PublicJwk = z.object({
  kid: z.string(),
  kty: z.string(),
  alg: z.string(),
  use: z.literal('sig'),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
  n: z.string().optional(),
  e: z.string().optional(),
});

export const readIssuerKeys = defineRoute({
  method: 'get',
  path: '/t/{tenantId}/.well-known/jwks.json',
  summary: "The keys by which an active tenant's tokens are verified",
  permission: 'public',
  params: TenantParams,
  success: { status: 200, body: z.object({ keys: z.array(PublicJwk) }) },
  // A suspension is to be felt within seconds, also behind a cache.
  cacheControl: 'public, max-age=2',
  errors: ['not_found'],
  async handle({ params }, { em }) {
    if (!(await realmIsOpen(em, params.tenantId))) throw new DomainError('not_found', 'There is no such issuer.');
    return publishedKeys(em, params.tenantId);
  },
});
