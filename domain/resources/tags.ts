import { timingSafeEqual } from 'node:crypto';
import type { Keyring } from '../secrets/keyring.ts';

/** Whose a thing outside the registry is. Opaque ids only; it rides on an object that the tenant's role does not own. */
export interface Ownership {
  installationId: string;
  tenantId: string;
  resourceId: string;
  runId: string;
}

const prefix = 'tenantry1';

export function writeTag(keyring: Keyring, of: Ownership): string {
  const body = [prefix, of.installationId, of.tenantId, of.resourceId, of.runId].join(':');
  return `${body}:${keyring.tagMac(body)}`;
}

/** Null for anything that is not a tag of this master key: foreign, forged, altered, or no tag at all. */
export function readTag(keyring: Keyring, text: string | null | undefined): Ownership | null {
  const parts = text?.split(':') ?? [];
  const [mark, installationId, tenantId, resourceId, runId, mac] = parts;
  if (parts.length !== 6 || mark !== prefix || !installationId || !tenantId || !resourceId || !runId || !mac)
    return null;
  const expected = Buffer.from(keyring.tagMac(parts.slice(0, 5).join(':')));
  const given = Buffer.from(mac);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return { installationId, tenantId, resourceId, runId };
}
