import { LicenseError } from '../errors.ts';
import { Refused } from '../states/verdict.ts';

/**
 * The y coordinates of the points whose order divides 8, little-endian as RFC 8032 encodes them, with those that are written as a
 * number that the field has not. Under such a key, or with such an R, signatures hold for messages that nobody signed.
 */
const lowOrder = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].map((hex) => hex.match(/../g)!.map((byte) => Number.parseInt(byte, 16)));

/** The order of the group's base point, little-endian: RFC 8032, section 5.1. */
const groupOrder = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010'
  .match(/../g)!
  .map((byte) => Number.parseInt(byte, 16));

export const isLowOrder = (point: Uint8Array): boolean =>
  lowOrder.some((one) => one.every((byte, at) => byte === (at === 31 ? point[at]! & 0x7f : point[at])));

/** S below the group's order (RFC 8032, section 5.1.7): otherwise each signature would have others that are as good. */
function isBelowOrder(signature: Uint8Array): boolean {
  for (let at = 31; at >= 0; at -= 1) {
    const [ours, bound] = [signature[32 + at]!, groupOrder[at]!];
    if (ours !== bound) return ours < bound;
  }
  return false;
}

/** Looks at what implementations of Ed25519 do not agree about. Throws {@link Refused} `low_order` or `tampered`. */
export function checkSignatureForm(signature: Uint8Array): void {
  if (isLowOrder(signature)) throw new Refused('low_order', 'The signature holds for messages that nobody signed.');
  if (!isBelowOrder(signature)) throw new Refused('tampered', 'The signature is not written as RFC 8032 asks.');
}

/** Throws {@link LicenseError} `low_order`, or `malformed` for what is no point's encoding. */
export function checkPublicKey(raw: Uint8Array): void {
  if (raw.length !== 32) throw new LicenseError('malformed', 'A public key of Ed25519 has 32 bytes.');
  if (isLowOrder(raw)) throw new LicenseError('low_order', 'A pinned key has a small order: it vouches for anything.');
  const isBeyondField =
    (raw[31]! & 0x7f) === 0x7f && raw.subarray(1, 31).every((byte) => byte === 0xff) && raw[0]! >= 0xed;
  if (isBeyondField) throw new LicenseError('malformed', 'A pinned key is not written as RFC 8032 asks.');
}
