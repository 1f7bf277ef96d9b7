import { seal, unseal } from '../secrets/keyring.ts';
import type { Platform } from '../platform.ts';

/** What people wrote or will do: under the key of the tenant that it is about, so that it goes with the tenant, else the platform's. */
export type Sealing = Pick<Platform, 'tenantKeys' | 'installation'>;

export async function sealText(
  { tenantKeys, installation }: Sealing,
  text: string,
  { tenantId, context }: { tenantId: string | null; context: string },
): Promise<Buffer> {
  return tenantId === null
    ? seal(installation.keyring.platformKey, Buffer.from(text), context)
    : tenantKeys.sealFor(tenantId, text, context);
}

/** Null once the tenant's key is destroyed. */
export async function unsealText(
  { tenantKeys, installation }: Sealing,
  sealed: Buffer,
  { tenantId, context }: { tenantId: string | null; context: string },
): Promise<string | null> {
  if (tenantId === null) return unseal(installation.keyring.platformKey, sealed, context).toString();
  return (await tenantKeys.find(tenantId)) ? tenantKeys.unsealFor(tenantId, sealed, context) : null;
}
