import { seal, unseal, type Keyring } from '../secrets/keyring.ts';

/** From where somebody asked. */
export interface Origin {
  address: string | null;
  userAgent: string | null;
}

const longestAgent = 300;
const context = 'audit/origin';

/**
 * Address and user agent are personal data: of the platform's own people they rest sealed with the platform's key, of a tenant's people
 * with the tenant's. The event's `origin_key` says with which; null there means the platform's.
 */
export const sealOrigin = (key: Buffer, { address, userAgent }: Origin): Buffer =>
  seal(key, Buffer.from(JSON.stringify([address, userAgent?.slice(0, longestAgent) ?? null])), context);

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
