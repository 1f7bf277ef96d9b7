import type { PublicJwk } from '../claims.ts';
import { LicenseError } from '../errors.ts';
import { fromBase64url, toBase64url } from '../format/base64.ts';
import { canonicalJson } from '../format/canonicalJson.ts';
import { checkPublicKey } from './points.ts';

/** A public key that the product brings along: as JWK (RFC 8037), as 32 bytes, or as these in base64url. */
export type PinnedKey = PublicJwk | Uint8Array | string;

export interface ReadKey {
  raw: Uint8Array;
  x: string;
  /** What a JWK says its thumbprint is. */
  claimed: string | undefined;
  /** What the thumbprint is the SHA-256 of: RFC 7638 over the members that RFC 8037 names. */
  toHash: string;
}

/** Throws {@link LicenseError} `malformed` or `low_order`. */
export function readPinnedKey(key: PinnedKey): ReadKey {
  const jwk = typeof key === 'string' || key instanceof Uint8Array ? null : key;
  if (jwk && (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519'))
    throw new LicenseError('malformed', 'A pinned key is not one of Ed25519.');
  const raw = key instanceof Uint8Array ? Uint8Array.from(key) : fromBase64url(typeof key === 'string' ? key : key.x);
  if (!raw) throw new LicenseError('malformed', 'A pinned key is not base64url.');
  checkPublicKey(raw);
  const x = toBase64url(raw);
  return { raw, x, claimed: jwk?.kid, toHash: canonicalJson({ crv: 'Ed25519', kty: 'OKP', x }) };
}

/** Throws {@link LicenseError} `unknown_kid` when a JWK bears another key's name. */
export function checkName({ claimed }: ReadKey, kid: string): string {
  if (claimed !== undefined && claimed !== kid)
    throw new LicenseError('unknown_kid', 'A pinned key has a kid that is not its thumbprint.');
  return kid;
}
