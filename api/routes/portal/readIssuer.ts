import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { issuerOf, publishedKeys } from '#domain/realms.ts';
import { realmIsOpen } from '#domain/tenants/openTenants.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** OpenID Connect Discovery 1.0, section 3: what of it the realm can do today. */
const IssuerMetadata = z.object({
  issuer: z.string(),
  jwks_uri: z.string(),
  response_types_supported: z.array(z.string()),
  subject_types_supported: z.array(z.string()),
  id_token_signing_alg_values_supported: z.array(z.string()),
});

export const readIssuer = defineRoute({
  method: 'get',
  path: '/t/{tenantId}/.well-known/openid-configuration',
  summary: "An active tenant's issuer",
  permission: 'public',
  params: TenantParams,
  success: { status: 200, body: IssuerMetadata },
  // A suspension is to be felt within seconds, also behind a cache.
  cacheControl: 'public, max-age=2',
  errors: ['not_found'],
  async handle({ params: { tenantId } }, { em, platform }) {
    if (!(await realmIsOpen(em, tenantId))) throw new DomainError('not_found', 'There is no such issuer.');
    const issuer = issuerOf(platform.configuration.publicUrl, tenantId);
    const { keys } = await publishedKeys(em, tenantId);
    return {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      response_types_supported: [],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(keys.map(({ alg }) => alg))],
    };
  },
});
