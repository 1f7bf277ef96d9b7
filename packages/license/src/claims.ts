/** What a licence grants: a yes, a number, or so many in a while. */
export type Entitlement =
  { flag: boolean } | { number: number } | { meter: { limit: number | null; per: 'day' | 'month' | 'term' } };

/**
 * What a licence file says, version 1. Every member is there, no other is: FORMAT.md tells what each means.
 * Dates are `YYYY-MM-DDTHH:MM:SSZ`: RFC 3339, UTC, whole seconds, in the years 2000 to 2199.
 */
export interface LicenseClaims {
  typ: 'tenantry-license';
  v: 1;
  /** JWK thumbprint (RFC 7638) of the key that signed. */
  kid: string;
  /** UUID in lower case; the same in every reissue. */
  id: string;
  /** From 1 on; each reissue has a greater one. */
  serial: number;
  /** `[a-z0-9][a-z0-9-]*`, at most 63 characters. */
  product: string;
  /** UUID in lower case. */
  tenant: string;
  plan: string;
  policy: { name: string; version: number };
  issuedAt: string;
  startsAt: string;
  /** From this second on it is over; null: perpetual. */
  expiresAt: string | null;
  /** Days of 86,400 s after `expiresAt`, 0 to 3660. */
  graceDays: number;
  /** How long it may be without proof of contact, 1 to 3660 days; null: for ever. */
  connectivity: { days: number | null };
  onExpiry: 'block' | 'degrade' | 'log';
  trial: boolean;
  test: boolean;
  /** `soft`: how many more than `limit` are let in when `overage` is `soft`. */
  seats: { limit: number | null; overage: 'refuse' | 'allow' | 'soft'; soft: number };
  /** `binding`: SHA-256 of each machine's fingerprint, hexadecimal in lower case; null: any machine. */
  machines: { limit: number | null; binding: string[] | null };
  /** Names: `[a-z][a-z0-9_.-]*`, at most 63 characters. */
  entitlements: Record<string, Entitlement>;
  suspended: boolean;
  transferable: boolean;
}

/** A licence that is no longer to be believed. */
export interface Revoked {
  /** The licence's id. */
  id: string;
  /** This serial and every older one; null: all, later ones too. */
  serial: number | null;
  at: string;
  reason: string;
}

/** What a revocation list says, version 1. It holds all that was ever revoked, in the order of ids. */
export interface RevocationClaims {
  typ: 'tenantry-revocations';
  v: 1;
  kid: string;
  product: string;
  /** From 1 on; each list that is issued has a greater one, also when nothing else changed. */
  number: number;
  issuedAt: string;
  /** When the next list is to be expected. */
  nextUpdate: string;
  revoked: Revoked[];
}

/** An Ed25519 public key as RFC 8037 writes it. */
export interface PublicJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  /** 32 bytes, base64url without padding. */
  x: string;
  /** When it is there, it must be the thumbprint. */
  kid?: string;
}
