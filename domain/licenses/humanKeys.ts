import { generateLicenseKey, parseLicenseKey } from '#packages/license/src/writing.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { findLicense, refuseBeforeDoors, type LicenseRow } from './licenseRow.ts';

const contextOf = (licenseId: string): string => `license/${licenseId}/key`;

/** A new key for people: sealed with the tenant's own key, and what finds the licence by it without telling it. */
export async function newHumanKey(
  { tenantKeys, keyring }: { tenantKeys: TenantKeys; keyring: Keyring },
  { tenantId, licenseId }: { tenantId: string; licenseId: string },
): Promise<{ sealed: Buffer; index: Buffer }> {
  const key = generateLicenseKey();
  return { sealed: await tenantKeys.sealFor(tenantId, key, contextOf(licenseId)), index: indexOf(keyring, key)! };
}

/** Null for what cannot be such a key, which nobody needs to look for. */
export function indexOf(keyring: Keyring, typed: string): Buffer | null {
  const parsed = parseLicenseKey(typed);
  return parsed.ok ? keyring.licenseIndex(parsed.symbols) : null;
}

/** Refuses with `not_found`, `tenant_not_active` before its tenant's doors opened, and with `license_over` where it is gone. */
export async function humanKeyOf(em: Sql, tenantKeys: TenantKeys, licenseId: string): Promise<string> {
  const licence = await findLicense(em, licenseId);
  await refuseBeforeDoors(em, licence);
  return openHumanKey(tenantKeys, licence);
}

export async function openHumanKey(
  tenantKeys: TenantKeys,
  { id, tenant_id, sealed_key: sealed }: LicenseRow,
): Promise<string> {
  if (sealed === null) throw new DomainError('license_over', 'The licence has no key any more.');
  return tenantKeys.unsealFor(tenant_id, sealed, contextOf(id));
}
