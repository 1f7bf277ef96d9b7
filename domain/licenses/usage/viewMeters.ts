import type { LicenseMeters } from '#contracts/licenses/usage.ts';
import { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import { findLicense } from '../licenseRow.ts';
import { granted, overridesOf } from '../signing/overridesOf.ts';
import { isUsedUp, usageOf } from './usedUp.ts';

/** What a licence used of each of its meters in their present periods. Refuses with `not_found`. */
export async function viewMeters(em: Sql, id: string, now: Date): Promise<LicenseMeters['items']> {
  const licence = await findLicense(em, id);
  const [policy] = await rows<{ rules: object }>(em)`
    select rules from license_policies where name = ${licence.policy_name} and version = ${licence.policy_version}`;
  const { entitlements, term } = LicensePolicyRules.parse(policy?.rules);
  const termPeriod = term.kind === 'term' ? term.period : null;
  const overrides = (await overridesOf(em, [id], now)).get(id) ?? [];
  const items: LicenseMeters['items'] = [];
  for (const [name, entitlement] of Object.entries(granted(entitlements, overrides)).toSorted()) {
    if (!('meter' in entitlement)) continue;
    const usage = await usageOf(em, licence, { name, meter: entitlement.meter, termPeriod }, now);
    items.push({ name, ...usage, exceeded: isUsedUp(usage) });
  }
  return items;
}
