/** Bytes as base64 (RFC 4648 §4, padded) and base64url (§5, no padding), wherever JavaScript runs. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export const toBase64url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

/** Null when it is not the one text for its bytes: another alphabet, blanks, bits left over, padding. */
export function fromBase64(text: string): Uint8Array | null {
  if (/\s/.test(text)) return null;
  let decoded: string;
  try {
    decoded = atob(text);
  } catch {
    return null;
  }
  const bytes = Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  return btoa(decoded) === text ? bytes : null;
}

export function fromBase64url(text: string): Uint8Array | null {
  if (/[+/=]/.test(text) || text.length % 4 === 1) return null;
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4));
}
