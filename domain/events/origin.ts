import { seal, unseal, type Keyring } from '../secrets/keyring.ts';

/** From where somebody asked. */
export interface Origin {
  address: string | null;
  userAgent: string | null;
}

const longestAgent = 300;
const context = 'audit/origin';

/**
 * Address and user agent are personal data of the platform's own people: they rest sealed with the platform's key. What is sealed
 * with another key says so in the event's `origin_key`; null there means the platform's.
 */
export const sealOrigin = (keyring: Keyring, { address, userAgent }: Origin): Buffer =>
  seal(keyring.platformKey, Buffer.from(JSON.stringify([address, userAgent?.slice(0, longestAgent) ?? null])), context);

/** Null when its key is gone, or it was tampered with. */
export function openOrigin(keyring: Keyring, sealed: Buffer): Origin | null {
  try {
    const [address, userAgent] = JSON.parse(unseal(keyring.platformKey, sealed, context).toString()) as [
      string | null,
      string | null,
    ];
    return { address, userAgent };
  } catch {
    return null;
  }
}
