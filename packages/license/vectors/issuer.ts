/** Who issues the files of the test vectors: keys from fixed seeds, so that every run gives the same bytes. */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { LicenseClaims, PublicJwk, RevocationClaims } from '../src/claims.ts';
import { armour, type FileKind } from '../src/format/armour.ts';
import { canonicalJson } from '../src/format/canonicalJson.ts';
import { writeLicense, writeRevocations } from '../src/writing.ts';

export interface Issuer {
  jwk: Required<PublicJwk>;
  /** The seed of RFC 8032, hexadecimal: known to everybody, so never of use. */
  seed: string;
  sign(bytes: Uint8Array): Buffer;
}

function issuer(name: string): Issuer {
  const seed = createHash('sha256').update(`tenantry license vectors: ${name}`).digest();
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const privateKey = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(canonicalJson({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
  return {
    jwk: { kty: 'OKP', crv: 'Ed25519', x, kid },
    seed: seed.toString('hex'),
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}

export const vendor = issuer('vendor');
export const nextKey = issuer('vendor, next');
export const stranger = issuer('stranger');

export const tenant = '0198f0c1-5a00-7000-8000-00000000000a';
export const licenseId = '0198f0c1-5a00-7000-8000-000000000001';
export const machine = createHash('sha256').update('machine 1').digest('hex');

export const claimsWith = (changes: Partial<LicenseClaims> = {}): LicenseClaims => ({
  typ: 'tenantry-license',
  v: 1,
  kid: vendor.jwk.kid,
  id: licenseId,
  serial: 3,
  product: 'atlas',
  tenant,
  plan: 'Größe L – “pro” €',
  policy: { name: 'yearly', version: 2 },
  issuedAt: '2026-01-01T00:00:00Z',
  startsAt: '2026-01-01T00:00:00Z',
  expiresAt: '2027-01-01T00:00:00Z',
  graceDays: 14,
  connectivity: { days: null },
  onExpiry: 'block',
  trial: false,
  test: false,
  seats: { limit: 20, overage: 'refuse', soft: 0 },
  machines: { limit: null, binding: null },
  entitlements: {
    export: { flag: true },
    'api.calls': { meter: { limit: 100000, per: 'month' } },
    storage_gb: { number: 0.1 },
    'very-large': { number: 1e21 },
    'very-small': { number: 1.5e-7 },
  },
  suspended: false,
  transferable: true,
  ...changes,
});

export const listWith = (changes: Partial<RevocationClaims> = {}): RevocationClaims => ({
  typ: 'tenantry-revocations',
  v: 1,
  kid: vendor.jwk.kid,
  product: 'atlas',
  number: 7,
  issuedAt: '2026-06-01T00:00:00Z',
  nextUpdate: '2026-07-01T00:00:00Z',
  revoked: [],
  ...changes,
});

export const file = (changes: Partial<LicenseClaims> = {}, by: Issuer = vendor): Promise<string> =>
  writeLicense({ claims: claimsWith({ kid: by.jwk.kid, ...changes }), sign: by.sign });

export const list = (changes: Partial<RevocationClaims> = {}, by: Issuer = vendor): Promise<string> =>
  writeRevocations({ claims: listWith({ kid: by.jwk.kid, ...changes }), sign: by.sign });

/** Claims that no writer would write, signed as they are given. */
export function signedText(claims: string, by: Issuer = vendor, kind: FileKind = 'LICENSE'): string {
  const bytes = Buffer.from(claims);
  const envelope = {
    alg: 'Ed25519',
    kid: by.jwk.kid,
    payload: bytes.toString('base64url'),
    signature: by.sign(bytes).toString('base64url'),
  };
  return envelopeFile(canonicalJson(envelope), kind);
}

/** Claims of which one member has a value that its type would not allow. */
export const signedWith = (changes: Record<string, unknown>): string =>
  signedText(canonicalJson({ ...claimsWith(), ...changes }));

export const envelopeFile = (json: string, kind: FileKind = 'LICENSE'): string =>
  armour(kind, Buffer.from(json).toString('base64'));

/** The JSON of a file's envelope. */
export const envelopeOf = (text: string): string =>
  Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64').toString();

export function changed(text: string, change: (envelope: Record<string, string>) => Record<string, string>): string {
  return envelopeFile(canonicalJson(change(JSON.parse(envelopeOf(text)) as Record<string, string>)));
}

/** The same claims with other bytes of the signature. */
export const signatureChanged = (text: string, change: (signature: Buffer) => Buffer): string =>
  changed(text, (envelope) => ({
    ...envelope,
    signature: change(Buffer.from(envelope['signature']!, 'base64url')).toString('base64url'),
  }));

/** The same signature over other bytes. */
export const payloadChanged = (text: string, change: (payload: string) => string): string =>
  changed(text, (envelope) => ({
    ...envelope,
    payload: Buffer.from(change(Buffer.from(envelope['payload']!, 'base64url').toString('latin1')), 'latin1').toString(
      'base64url',
    ),
  }));

/** S and the group's order: as good a signature for whoever does not look (RFC 8032, section 5.1.7). */
export function withGreaterS(signature: Buffer): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
  const written = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([signature.subarray(0, 32), written]);
}
