import { Buffer, isUtf8 } from 'node:buffer';
import {
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  hkdfSync,
  verify,
  type KeyObject,
} from 'node:crypto';
import type { Codec, Envelope } from '../format/envelope.ts';
import { additionalData, encryptionInfo, seenInfo } from '../format/sealing.ts';
import { checkName, readPinnedKey, type PinnedKey } from './pinnedKeys.ts';

export const nodeCodec: Codec = {
  fromBase64: (text) => {
    const bytes = Buffer.from(text, 'base64');
    return bytes.toString('base64') === text ? bytes : null;
  },
  fromBase64url: (text) => {
    const bytes = Buffer.from(text, 'base64url');
    return bytes.toString('base64url') === text ? bytes : null;
  },
  textOf: (bytes) => (isUtf8(bytes) ? (bytes as Buffer).toString('utf8') : null),
};

/** Keys by their thumbprints (RFC 7638). */
export function pinKeys(keys: readonly PinnedKey[]): Map<string, KeyObject> {
  return new Map(
    keys.map((key) => {
      const read = readPinnedKey(key);
      const kid = checkName(read, createHash('sha256').update(read.toHash).digest('base64url'));
      return [kid, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: read.x }, format: 'jwk' })];
    }),
  );
}

export const isSignedBy = (key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean =>
  verify(null, bytes, key, signature);

/** The claims of an encrypted file; null when the licence key is another, or the file was changed. */
export function unseal({ kid, payload, sealed }: Envelope, symbols: string): Uint8Array | null {
  const { iv, salt } = sealed!;
  const cut = payload.length - 16;
  if (cut < 0) return null;
  const key = Buffer.from(hkdfSync('sha256', symbols, salt, encryptionInfo, 32));
  const cipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(additionalData(kid)).setAuthTag(payload.subarray(cut));
  try {
    return Buffer.concat([cipher.update(payload.subarray(0, cut)), cipher.final()]);
  } catch {
    return null;
  }
}

/** HMAC-SHA256, base64url, under a key of the licence's own. */
export function seenMac(unsigned: string, license: string, secret: Uint8Array): string {
  const material = Buffer.concat([Buffer.from('tenantry-seen'), secret]);
  const key = Buffer.from(hkdfSync('sha256', material, license, seenInfo, 32));
  return createHmac('sha256', key).update(unsigned).digest('base64url');
}
