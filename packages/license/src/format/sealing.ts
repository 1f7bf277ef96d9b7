import { canonicalJson } from './canonicalJson.ts';

const utf8 = new TextEncoder();

export const encryptedAlg = 'Ed25519+A256GCM';
/** The `info` of HKDF (RFC 5869). */
export const encryptionInfo = 'tenantry-license-v1';
export const seenInfo = 'tenantry-seen-v1';

/** What AES-256-GCM authenticates beside the ciphertext. */
export const additionalData = (kid: string): Uint8Array<ArrayBuffer> =>
  utf8.encode(canonicalJson({ alg: encryptedAlg, kid }));
