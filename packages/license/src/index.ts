/** `@tenantry/license` in Node: everything is answered at once. Browsers get `browser.ts`. */
import { checkSignatureForm } from './crypto/points.ts';
import { isSignedBy, nodeCodec, pinKeys, seenMac, unseal } from './crypto/nodeCrypto.ts';
import type { FileKind } from './format/armour.ts';
import { openEnvelope } from './format/envelope.ts';
import {
  badSignature,
  licenseReader,
  locked,
  revocationReader,
  signedClaims,
  symbolsOf,
  unknownKey,
  type Reader,
  type SignedClaims,
} from './format/signedClaims.ts';
import type { RevocationsVerdict } from './states/revocations.ts';
import { writeSeen, type Seen } from './states/seen.ts';
import type { Verdict } from './states/verdict.ts';
import { acceptedOrThrow, Memory, readRecord, refused, seenTampered, type Opened } from './verifier/memory.ts';
import { lastSeenOf, type Asked, type Remembered, type VerifierOptions } from './verifier/options.ts';

export type { PinnedKey } from './crypto/pinnedKeys.ts';
export type { RevocationsVerdict } from './states/revocations.ts';
export type { State, Verdict, Warning } from './states/verdict.ts';
export type { Asked, Remembered, VerifierOptions } from './verifier/options.ts';
export * from './writing.ts';

export interface Verifier {
  /** What a licence file is worth here and now. Never throws for what the file says. */
  verify(text: string, asked?: Asked): Verdict;
  /** The same, for code that also runs in browsers. */
  verifyAsync(text: string, asked?: Asked): Promise<Verdict>;
  /** Takes a newer revocation list; one that is older or not ours leaves everything as it was. */
  updateRevocations(text: string): RevocationsVerdict;
  /**
   * What to keep until the next start and to give as `lastSeen` then: no clock is believed that lies before it.
   * Throws {@link LicenseError} `seen_tampered` when `before` is not such a record.
   */
  remember(license: Remembered, before?: string | null): string;
}

/** Throws {@link LicenseError} for keys that are none, and `revocations_refused` for a list that is not to be believed. */
export function createVerifier(options: VerifierOptions): Verifier {
  const keys = pinKeys(options.keys);
  const memory = new Memory(options);
  const secret = options.seenSecret ?? new Uint8Array();

  function authentic<Read extends SignedClaims>(
    kind: FileKind,
    text: string,
    reader: Reader<Read>,
    licenseKey?: string,
  ): Opened<Read> {
    const envelope = openEnvelope(kind, text, nodeCodec);
    const key = keys.get(envelope.kid);
    if (!key) throw unknownKey();
    checkSignatureForm(envelope.signature);
    const bytes = envelope.sealed ? (unseal(envelope, symbolsOf(licenseKey)) ?? locked()) : envelope.payload;
    if (!isSignedBy(key, bytes, envelope.signature)) throw badSignature(bytes, nodeCodec);
    return {
      read: signedClaims(bytes, envelope, nodeCodec, reader),
      licenseKey: envelope.sealed ? licenseKey : undefined,
    };
  }

  function seenOf(text: string | null | undefined): Seen | null {
    if (text === null || text === undefined) return null;
    const known = memory.recallSeen(text);
    if (known) return known;
    const { seen, unsigned, mac } = readRecord(text);
    if (seenMac(unsigned, seen.license, secret) !== mac) throw seenTampered();
    return memory.keepSeen(text, seen);
  }

  const verifier: Verifier = {
    verify(text, asked) {
      try {
        const licenseKey = asked?.licenseKey ?? options.licenseKey;
        const license =
          memory.recall(text, licenseKey) ?? memory.keep(text, authentic('LICENSE', text, licenseReader, licenseKey));
        return memory.judge(license, seenOf(lastSeenOf(options, asked)), asked);
      } catch (error) {
        return refused(error);
      }
    },
    async verifyAsync(text, asked) {
      return verifier.verify(text, asked);
    },
    updateRevocations(text) {
      try {
        return memory.takeRevocations(text, authentic('REVOCATIONS', text, revocationReader).read);
      } catch (error) {
        return memory.refusedRevocations(error);
      }
    },
    remember(license, before) {
      const { unsigned, withMac } = writeSeen(memory.seenNow(license, seenOf(before)));
      return withMac(seenMac(unsigned, license.id, secret));
    },
  };
  if (options.revocations !== undefined) acceptedOrThrow(verifier.updateRevocations(options.revocations));
  return verifier;
}
