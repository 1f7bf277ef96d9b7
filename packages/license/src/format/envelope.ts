import { Refused } from '../states/verdict.ts';
import { unarmour, type FileKind } from './armour.ts';
import { canonicalJson } from './canonicalJson.ts';
import { encryptedAlg } from './sealing.ts';

/** How bytes and texts become each other where this runs. Nothing is let through that is not the one text for its bytes. */
export interface Codec {
  /** RFC 4648 §4 with padding; null when it is not. */
  fromBase64(text: string): Uint8Array | null;
  /** §5 without padding; null when it is not. */
  fromBase64url(text: string): Uint8Array | null;
  /** UTF-8; null when it is not. */
  textOf(bytes: Uint8Array): string | null;
}

export interface Envelope {
  kid: string;
  /** The claims, or their ciphertext with its tag. */
  payload: Uint8Array;
  signature: Uint8Array;
  sealed: { iv: Uint8Array; salt: Uint8Array } | null;
}

/**
 * Canonical text of texts of known length has its members at known places: no parser is asked before the signature was.
 * What stands between them is checked by being written again.
 */
const plain = ['{"alg":"Ed25519","kid":"', '","payload":"', '","signature":"', '"}'] as const;
const sealed = [
  '{"alg":"Ed25519+A256GCM","iv":"',
  '","kid":"',
  '","payload":"',
  '","salt":"',
  '","signature":"',
  '"}',
] as const;
const [ivLength, kidLength, saltLength, signatureLength] = [16, 43, 22, 86];
const members = 'alg,kid,payload,signature';
const sealedMembers = 'alg,iv,kid,payload,salt,signature';

/** Takes a file apart. Throws {@link Refused}: `too_large`, `truncated`, `malformed`, `not_canonical`. */
export function openEnvelope(kind: FileKind, text: string, codec: Codec): Envelope {
  const file = unarmour(kind, text);
  if ('refused' in file) throw new Refused(file.refused, reasons[file.refused]);
  const bytes = codec.fromBase64(file.base64);
  if (!bytes) throw new Refused('not_canonical', reasons.not_canonical);
  const written = codec.textOf(bytes);
  if (written === null) throw new Refused('malformed', reasons.malformed);
  const envelope = openPlain(written, codec) ?? (kind === 'LICENSE' ? openSealed(written, codec) : null);
  if (envelope) return envelope;
  const state = whatIsWrong(written, codec);
  throw new Refused(state, reasons[state]);
}

function openPlain(written: string, codec: Codec): Envelope | null {
  const kidFrom = plain[0].length;
  const payloadFrom = kidFrom + kidLength + plain[1].length;
  const signatureFrom = written.length - plain[3].length - signatureLength;
  const payloadTo = signatureFrom - plain[2].length;
  const isPlain =
    payloadTo > payloadFrom &&
    written.startsWith(plain[0]) &&
    written.startsWith(plain[1], kidFrom + kidLength) &&
    written.startsWith(plain[2], payloadTo) &&
    written.endsWith(plain[3]);
  if (!isPlain) return null;
  const payload = codec.fromBase64url(written.slice(payloadFrom, payloadTo));
  const signature = codec.fromBase64url(written.slice(signatureFrom, signatureFrom + signatureLength));
  if (!payload || !signature) return null;
  return { kid: written.slice(kidFrom, kidFrom + kidLength), payload, signature, sealed: null };
}

function openSealed(written: string, codec: Codec): Envelope | null {
  const ivFrom = sealed[0].length;
  const kidFrom = ivFrom + ivLength + sealed[1].length;
  const payloadFrom = kidFrom + kidLength + sealed[2].length;
  const signatureFrom = written.length - sealed[5].length - signatureLength;
  const saltFrom = signatureFrom - sealed[4].length - saltLength;
  const payloadTo = saltFrom - sealed[3].length;
  const isSealed =
    payloadTo > payloadFrom &&
    written.startsWith(sealed[0]) &&
    written.startsWith(sealed[1], ivFrom + ivLength) &&
    written.startsWith(sealed[2], kidFrom + kidLength) &&
    written.startsWith(sealed[3], payloadTo) &&
    written.startsWith(sealed[4], saltFrom + saltLength) &&
    written.endsWith(sealed[5]);
  if (!isSealed) return null;
  const payload = codec.fromBase64url(written.slice(payloadFrom, payloadTo));
  const signature = codec.fromBase64url(written.slice(signatureFrom, signatureFrom + signatureLength));
  const iv = codec.fromBase64url(written.slice(ivFrom, ivFrom + ivLength));
  const salt = codec.fromBase64url(written.slice(saltFrom, saltFrom + saltLength));
  if (!payload || !signature || !iv || !salt) return null;
  return { kid: written.slice(kidFrom, kidFrom + kidLength), payload, signature, sealed: { iv, salt } };
}

const reasons = {
  too_large: 'The file is longer than such files are.',
  truncated: 'The file was cut off.',
  malformed: 'This is no file of this kind.',
  not_canonical: 'The file was written anew by something else.',
};

/** Only for the word: whatever comes here is refused. */
function whatIsWrong(written: string, codec: Codec): 'truncated' | 'malformed' | 'not_canonical' {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return written.startsWith('{') && !written.endsWith('}') ? 'truncated' : 'malformed';
  }
  if (typeof value !== 'object' || value === null) return 'malformed';
  const names = Object.keys(value).toSorted().join();
  const texts = Object.values(value);
  if ((names !== members && names !== sealedMembers) || !texts.every((one) => typeof one === 'string'))
    return 'malformed';
  const { alg, ...others } = value as Record<string, string>;
  if (alg !== (names === members ? 'Ed25519' : encryptedAlg)) return 'malformed';
  const isRewritten = !texts.every((one) => one.isWellFormed()) || canonicalJson(value) !== written;
  const hasLooseBits = Object.values(others).some(
    (one) => /^[A-Za-z0-9_-]+$/.test(one) && one.length % 4 !== 1 && !codec.fromBase64url(one),
  );
  return isRewritten || hasLooseBits ? 'not_canonical' : 'malformed';
}
