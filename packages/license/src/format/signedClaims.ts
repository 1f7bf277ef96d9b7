import { LicenseError } from '../errors.ts';
import { parseLicenseKey } from '../humanKey.ts';
import { Refused, type RefusedState } from '../states/verdict.ts';
import { parseCanonical, readCanonical } from './canonicalJson.ts';
import type { Codec, Envelope } from './envelope.ts';
import { readLicenseClaims, readRevocationClaims, type ReadLicense, type ReadRevocations } from './readClaims.ts';
import { scanLicense } from './scanLicense.ts';

export interface SignedClaims {
  claims: { kid: string };
}

/** How claims of one kind are read: along their one order where that is worth it, and by what they must look like. */
export interface Reader<Read> {
  scan(text: string): unknown;
  read(value: unknown): Read;
}

export const licenseReader: Reader<ReadLicense> = { scan: scanLicense, read: readLicenseClaims };
export const revocationReader: Reader<ReadRevocations> = { scan: () => null, read: readRevocationClaims };

export const unknownKey = (): Refused => new Refused('unknown_kid', 'It was signed by a key that is not pinned here.');

/** The symbols of the licence key that somebody typed. Throws {@link Refused} `locked`. */
export function symbolsOf(licenseKey: string | undefined): string {
  if (licenseKey === undefined) throw new Refused('locked', 'The file is encrypted: it needs its licence key.');
  const parsed = parseLicenseKey(licenseKey);
  if (!parsed.ok) throw new Refused('locked', 'The licence key was mistyped.');
  return parsed.symbols;
}

export const locked = (): never => {
  throw new Refused('locked', 'The licence key is not the one of this file, or the file was changed.');
};

/** What was signed, once the signature was found good. Throws {@link Refused}. */
export function signedClaims<Read extends SignedClaims>(
  bytes: Uint8Array,
  envelope: Envelope,
  codec: Codec,
  { scan, read }: Reader<Read>,
): Read {
  const text = codec.textOf(bytes);
  if (text === null) throw new Refused('malformed', 'The claims are no UTF-8.');
  const scanned = scan(text);
  const signed = asRefusal(() => (scanned === null ? readCanonical(text, read) : read(scanned)));
  if (signed.claims.kid !== envelope.kid) throw new Refused('tampered', 'The claims name another key.');
  return signed;
}

/** A signature that does not hold: whether only the writing of the claims was changed is worth a word. */
export function badSignature(bytes: Uint8Array, codec: Codec): Refused {
  const tampered = new Refused('tampered', 'The signature is not over this.');
  const text = codec.textOf(bytes);
  if (text === null) return tampered;
  try {
    parseCanonical(text);
    return tampered;
  } catch (error) {
    return (error as LicenseError).code === 'not_canonical'
      ? new Refused('not_canonical', 'The claims were written anew by something else.')
      : tampered;
  }
}

function asRefusal<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof LicenseError) throw new Refused(error.code as RefusedState, error.message);
    throw error;
  }
}
