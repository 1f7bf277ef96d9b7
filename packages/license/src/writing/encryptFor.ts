import { LicenseError } from '../errors.ts';
import { toBase64url } from '../format/base64.ts';
import { additionalData, encryptedAlg, encryptionInfo } from '../format/sealing.ts';
import { parseLicenseKey } from '../humanKey.ts';

const utf8 = new TextEncoder();

/**
 * An envelope without its signature. The key is HKDF-SHA256 (RFC 5869) of the licence key's symbols under a salt of the file's own, so
 * no two files have one key.
 */
export async function encryptFor(
  licenseKey: string,
  kid: string,
  bytes: Uint8Array<ArrayBuffer>,
  randomBytes: (count: number) => Uint8Array = (count) => crypto.getRandomValues(new Uint8Array(count)),
): Promise<Record<string, string>> {
  const parsed = parseLicenseKey(licenseKey);
  if (!parsed.ok) throw new LicenseError('malformed', 'The licence key is not one.');
  const salt = Uint8Array.from(randomBytes(16));
  const iv = Uint8Array.from(randomBytes(12));
  const material = await crypto.subtle.importKey('raw', utf8.encode(parsed.symbols), 'HKDF', false, ['deriveKey']);
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info: utf8.encode(encryptionInfo) },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt'],
  );
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: additionalData(kid) }, key, bytes);
  return {
    alg: encryptedAlg,
    iv: toBase64url(iv),
    kid,
    payload: toBase64url(new Uint8Array(sealed)),
    salt: toBase64url(salt),
  };
}
