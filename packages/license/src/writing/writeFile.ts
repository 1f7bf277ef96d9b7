import type { LicenseClaims, RevocationClaims } from '../claims.ts';
import { LicenseError } from '../errors.ts';
import { armour, longest, type FileKind } from '../format/armour.ts';
import { toBase64, toBase64url } from '../format/base64.ts';
import { canonicalJson } from '../format/canonicalJson.ts';
import { readLicenseClaims, readRevocationClaims } from '../format/readClaims.ts';
import { encryptFor } from './encryptFor.ts';

/** Ed25519 (RFC 8032) over exactly these bytes: 64 bytes. The private key stays with whoever gives this. */
export type Sign = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;

const utf8 = new TextEncoder();

/**
 * The text of a licence file. With `encryptFor`, a licence key for people, only its holder can read it.
 * `randomBytes` is for test vectors: iv and salt must never be the same twice.
 * Throws {@link LicenseError}: `malformed`, `too_far` or `too_large` for claims that no verifier would take.
 */
export async function writeLicense({
  claims,
  sign,
  encryptFor: licenseKey,
  randomBytes,
}: {
  claims: LicenseClaims;
  sign: Sign;
  encryptFor?: string | undefined;
  randomBytes?: (count: number) => Uint8Array;
}): Promise<string> {
  const text = canonicalJson(claims);
  readLicenseClaims(JSON.parse(text));
  const bytes = utf8.encode(text);
  const signature = toBase64url(await signed(bytes, sign));
  const { kid } = claims;
  const envelope =
    licenseKey === undefined
      ? { alg: 'Ed25519', kid, payload: toBase64url(bytes), signature }
      : { ...(await encryptFor(licenseKey, kid, bytes, randomBytes)), signature };
  return fileOf('LICENSE', envelope);
}

/** The text of a revocation list; it is never encrypted. Errors are as those of {@link writeLicense}. */
export async function writeRevocations({ claims, sign }: { claims: RevocationClaims; sign: Sign }): Promise<string> {
  const text = canonicalJson(claims);
  readRevocationClaims(JSON.parse(text));
  const bytes = utf8.encode(text);
  const signature = toBase64url(await signed(bytes, sign));
  return fileOf('REVOCATIONS', { alg: 'Ed25519', kid: claims.kid, payload: toBase64url(bytes), signature });
}

async function signed(bytes: Uint8Array, sign: Sign): Promise<Uint8Array> {
  const signature = await sign(bytes);
  if (signature.length !== 64) throw new LicenseError('malformed', 'A signature of Ed25519 has 64 bytes.');
  return signature;
}

function fileOf(kind: FileKind, envelope: Record<string, string>): string {
  const file = armour(kind, toBase64(utf8.encode(canonicalJson(envelope))));
  if (file.length > longest[kind]) throw new LicenseError('too_large', 'The file is longer than verifiers read.');
  return file;
}
