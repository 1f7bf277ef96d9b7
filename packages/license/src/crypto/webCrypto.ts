import { fromBase64, fromBase64url, toBase64url } from '../format/base64.ts';
import type { Codec, Envelope } from '../format/envelope.ts';
import { additionalData, encryptionInfo, seenInfo } from '../format/sealing.ts';
import { checkName, readPinnedKey, type PinnedKey } from './pinnedKeys.ts';

type Bytes = Uint8Array<ArrayBuffer>;
/** As WebCrypto knows it; typed by what this file asks of it, so that no DOM is needed to compile it. */
type WebKey = Parameters<typeof crypto.subtle.verify>[1];

const utf8 = new TextEncoder();
const { subtle } = crypto;
const own = (bytes: Uint8Array): Bytes => bytes as Bytes;

export const webCodec: Codec = {
  fromBase64,
  fromBase64url,
  textOf: (bytes) => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return null;
    }
  },
};

/** Keys by their thumbprints (RFC 7638). */
export async function pinKeys(keys: readonly PinnedKey[]): Promise<Map<string, WebKey>> {
  const pinned = keys.map(async (key): Promise<[string, WebKey]> => {
    const read = readPinnedKey(key);
    const kid = toBase64url(new Uint8Array(await subtle.digest('SHA-256', utf8.encode(read.toHash))));
    return [checkName(read, kid), await subtle.importKey('raw', own(read.raw), 'Ed25519', false, ['verify'])];
  });
  return new Map(await Promise.all(pinned));
}

export const isSignedBy = (key: WebKey, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> =>
  subtle.verify('Ed25519', key, own(signature), own(bytes));

/** The claims of an encrypted file; null when the licence key is another, or the file was changed. */
export async function unseal({ kid, payload, sealed }: Envelope, symbols: string): Promise<Uint8Array | null> {
  const { iv, salt } = sealed!;
  const material = await subtle.importKey('raw', utf8.encode(symbols), 'HKDF', false, ['deriveKey']);
  const key = await subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: own(salt), info: utf8.encode(encryptionInfo) },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['decrypt'],
  );
  try {
    const how = { name: 'AES-GCM', iv: own(iv), additionalData: additionalData(kid) };
    return new Uint8Array(await subtle.decrypt(how, key, own(payload)));
  } catch {
    return null;
  }
}

/** HMAC-SHA256, base64url, under a key of the licence's own. */
export async function seenMac(unsigned: string, license: string, secret: Uint8Array): Promise<string> {
  const ikm = own(Uint8Array.from([...utf8.encode('tenantry-seen'), ...secret]));
  const material = await subtle.importKey('raw', ikm, 'HKDF', false, ['deriveKey']);
  const key = await subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: utf8.encode(license), info: utf8.encode(seenInfo) },
    material,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign'],
  );
  return toBase64url(new Uint8Array(await subtle.sign('HMAC', key, utf8.encode(unsigned))));
}
