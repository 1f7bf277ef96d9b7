import { writeLicense, type LicenseClaims } from '#packages/license/src/writing.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { openHumanKey } from './humanKeys.ts';
import { findLicense, refuseBeforeDoors, refuseOver } from './licenseRow.ts';

/**
 * The file as it was signed last; encrypted, only the holder of the licence's human key can read it. Refuses with `not_found`,
 * `license_over`, `tenant_not_active` before its tenant's doors opened.
 */
export async function licenseFileOf(
  em: Sql,
  tenantKeys: TenantKeys,
  { licenseId, encrypted }: { licenseId: string; encrypted: boolean },
): Promise<{ fileName: string; text: string }> {
  const licence = await findLicense(em, licenseId);
  refuseOver(licence);
  await refuseBeforeDoors(em, licence);
  const { claims, signature, product } = licence;
  if (claims === null || signature === null) throw new DomainError('license_over', 'The licence has no file any more.');
  const text = await writeLicense({
    claims: JSON.parse(claims) as LicenseClaims,
    sign: () => signature,
    encryptFor: encrypted ? await openHumanKey(tenantKeys, licence) : undefined,
  });
  return { fileName: `${product}-${licenseId}.lic`, text };
}
