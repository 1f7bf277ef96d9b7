import type { LicenseOverride } from '#contracts/licenses/licenses.ts';
import type { Entitlement } from '#contracts/licenses/policies.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';

interface Row {
  license_id: string;
  name: string;
  entitlement: Entitlement;
  until: string | null;
}

/** What overrides the policies of these licences at `now`, by licence and in the order of names. */
export async function overridesOf(
  em: Sql,
  licenseIds: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, LicenseOverride[]>> {
  const found = await rows<Row>(em)`
    select license_id, name, entitlement, until from license_overrides
    where license_id = any(${[...licenseIds]}::uuid[]) and (until is null or until > ${now}) order by name`;
  const overrides = new Map<string, LicenseOverride[]>();
  for (const { license_id, name, entitlement, until } of found) {
    const known = overrides.get(license_id) ?? [];
    overrides.set(license_id, known);
    known.push({ name, entitlement, until: until && isoOf(until) });
  }
  return overrides;
}

/** What is granted: by the policy, and by what overrides it. */
export const granted = (
  byPolicy: Readonly<Record<string, Entitlement>>,
  overrides: readonly LicenseOverride[],
): Record<string, Entitlement> => ({
  ...byPolicy,
  ...Object.fromEntries(overrides.map(({ name, entitlement }) => [name, entitlement])),
});
