/** `@tenantry/license` in browsers, by WebCrypto: the same as in Node, and every answer is awaited. */
import { checkSignatureForm } from './crypto/points.ts';
import { isSignedBy, webCodec, pinKeys, seenMac, unseal } from './crypto/webCrypto.ts';
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
  /** What a licence file is worth here and now. Never rejects for what the file says. */
  verifyAsync(text: string, asked?: Asked): Promise<Verdict>;
  /** Takes a newer revocation list; one that is older or not ours leaves everything as it was. */
  updateRevocations(text: string): Promise<RevocationsVerdict>;
  /**
   * What to keep until the next start and to give as `lastSeen` then: no clock is believed that lies before it.
   * Rejects with {@link LicenseError} `seen_tampered` when `before` is not such a record.
   */
  remember(license: Remembered, before?: string | null): Promise<string>;
}

/** Keys and a list that are not to be believed are told by the first question, which rejects with {@link LicenseError}. */
export function createVerifier(options: VerifierOptions): Verifier {
  const pinned = pinKeys(options.keys);
  const memory = new Memory(options);
  const secret = options.seenSecret ?? new Uint8Array();

  async function authentic<Read extends SignedClaims>(
    kind: FileKind,
    text: string,
    reader: Reader<Read>,
    licenseKey?: string,
  ): Promise<Opened<Read>> {
    const envelope = openEnvelope(kind, text, webCodec);
    const key = (await pinned).get(envelope.kid);
    if (!key) throw unknownKey();
    checkSignatureForm(envelope.signature);
    const bytes = envelope.sealed ? ((await unseal(envelope, symbolsOf(licenseKey))) ?? locked()) : envelope.payload;
    if (!(await isSignedBy(key, bytes, envelope.signature))) throw badSignature(bytes, webCodec);
    return {
      read: signedClaims(bytes, envelope, webCodec, reader),
      licenseKey: envelope.sealed ? licenseKey : undefined,
    };
  }

  async function seenOf(text: string | null | undefined): Promise<Seen | null> {
    if (text === null || text === undefined) return null;
    const known = memory.recallSeen(text);
    if (known) return known;
    const { seen, unsigned, mac } = readRecord(text);
    if ((await seenMac(unsigned, seen.license, secret)) !== mac) throw seenTampered();
    return memory.keepSeen(text, seen);
  }

  async function takeRevocations(text: string): Promise<RevocationsVerdict> {
    try {
      return memory.takeRevocations(text, (await authentic('REVOCATIONS', text, revocationReader)).read);
    } catch (error) {
      return memory.refusedRevocations(error);
    }
  }

  const given = options.revocations;
  const ready = given === undefined ? pinned : takeRevocations(given).then(acceptedOrThrow);
  // Whoever asks hears of it; nobody else is to be told of a rejection that was not awaited.
  ready.catch(() => undefined);

  return {
    async verifyAsync(text, asked) {
      await ready;
      try {
        const licenseKey = asked?.licenseKey ?? options.licenseKey;
        const license =
          memory.recall(text, licenseKey) ??
          memory.keep(text, await authentic('LICENSE', text, licenseReader, licenseKey));
        return memory.judge(license, await seenOf(lastSeenOf(options, asked)), asked);
      } catch (error) {
        return refused(error);
      }
    },
    async updateRevocations(text) {
      await ready;
      return takeRevocations(text);
    },
    async remember(license, before) {
      await ready;
      const { unsigned, withMac } = writeSeen(memory.seenNow(license, await seenOf(before)));
      return withMac(await seenMac(unsigned, license.id, secret));
    },
  };
}
