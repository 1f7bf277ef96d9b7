import type { LicenseClaims } from '../claims.ts';
import type { PinnedKey } from '../crypto/pinnedKeys.ts';
import { LicenseError } from '../errors.ts';

/** What may be given once for a verifier, or for one question; what is given for the question counts. */
export interface Asked {
  /** The tenant's id that the licence has to be for; without it, any. */
  tenant?: string | undefined;
  /** SHA-256 of this machine's fingerprint, hexadecimal in lower case. */
  machine?: string | undefined;
  /** How many seats and machines are taken, the one who asks included. */
  usage?: { seats?: number; machines?: number } | undefined;
  /** The licence key for people, as typed: only encrypted files ask for it. */
  licenseKey?: string | undefined;
  /** The record that `remember` gave the last time; null or undefined at the very first. */
  lastSeen?: string | null | undefined;
  /** The least serial that is taken. */
  minSerial?: number | undefined;
}

export interface VerifierOptions extends Asked {
  /** What the licence has to be for. Null takes any: for tools that only look, never for a product. */
  product: string | null;
  /** The vendor's public keys, which are part of the product. During a rotation: the old one and the new one. */
  keys: readonly PinnedKey[];
  /** The text of a revocation list. */
  revocations?: string | undefined;
  /** Milliseconds since 1970; by default the machine's clock. */
  clock?: (() => number) | undefined;
  /** How far the clock may lie behind what is known, before it counts as turned back. Default: 300. */
  clockToleranceSeconds?: number | undefined;
  /** How many files are remembered with their signatures checked. Default: 100. */
  cacheSize?: number | undefined;
  /** Something only this installation has, to seal the record of the last use with. Without it the record shows accidents only. */
  seenSecret?: Uint8Array | undefined;
}

/** What `remember` is given: the claims of a verdict. */
export type Remembered = Pick<LicenseClaims, 'id' | 'serial'>;

/** The machine's clock, or the one given: finite, or nothing that depends on it is worth anything. */
export function timeOf(clock: () => number): number {
  const now = clock();
  if (!Number.isFinite(now) || Math.abs(now) > 8.64e15)
    throw new LicenseError('malformed', 'The clock gives no milliseconds since 1970.');
  return now;
}

/** Null in a question means that there is none, whatever the verifier was made with. */
export const lastSeenOf = (options: VerifierOptions, asked: Asked | undefined): string | null | undefined =>
  asked?.lastSeen === undefined ? options.lastSeen : asked.lastSeen;
