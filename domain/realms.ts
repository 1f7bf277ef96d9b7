import type { Sql } from './database.ts';
import { rows } from './sql.ts';

export const issuerOf = (publicUrl: string, tenantId: string): string => `${publicUrl}/t/${tenantId}`;

export interface PublicKey {
  kty: string;
  crv: string;
  x: string;
  y: string;
  kid: string;
  alg: string;
  use: 'sig';
}

/**
 * The JWKS document (RFC 7517) of a tenant's realm: also the key that will sign next, and the one before, which is retired when what it
 * signed has expired.
 */
export async function publishedKeys(em: Sql, tenantId: string): Promise<{ keys: PublicKey[] }> {
  const found = await rows<{
    id: string;
    algorithm: string;
    public_jwk: { kty: string; crv: string; x: string; y: string };
  }>(em)`
    select k.id, k.algorithm, k.public_jwk from realm_keys k join realms r on r.resource_id = k.realm_id
    where r.tenant_id = ${tenantId} and k.retired_at is null
    order by k.created_at desc`;
  return {
    keys: found.map(({ id, algorithm, public_jwk }) => ({
      ...public_jwk,
      kid: id,
      alg: algorithm,
      use: 'sig' as const,
    })),
  };
}
