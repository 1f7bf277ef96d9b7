import type { LicenseReissue } from '#contracts/licenses/licenses.ts';
import type { z } from 'zod';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { rows } from '../../sql.ts';
import { daysAfter } from '../calendar.ts';
import { keepDues } from '../dues/keepDues.ts';
import { rulesOf } from '../issueLicense.ts';
import { revokeOnList } from '../keys/revocationList.ts';
import { invalid, lockLicense } from '../licenseRow.ts';
import { resign } from '../signing/signLicense.ts';

/**
 * Signs the licence anew, by the key that signs now and, when one is named, by another policy of the same product; its dates stay, its
 * grace is the new policy's. Refuses with `not_found`, `license_over`, `license_policy_unknown`, `invalid_request` for a policy of another
 * product.
 *
 * @param plan what its tenant changes to, where it does
 */
export async function reissueLicense(
  em: Sql,
  installation: Installation,
  { id, wanted, now, plan }: { id: string; wanted: z.infer<typeof LicenseReissue>; now: Date; plan?: string },
  actor: Actor,
): Promise<void> {
  const licence = await lockLicense(em, id);
  const { tenant_id: tenantId, product, serial: before, expires_at } = licence;
  const policy = wanted.policy ?? { name: licence.policy_name, version: licence.policy_version };
  const rules = await rulesOf(em, policy);
  if (rules.product !== product) throw invalid({ path: 'policy', message: `is for another product than "${product}"` });
  const overAt = expires_at && daysAfter(new Date(expires_at), rules.graceDays);
  await rows(em)`
    update licenses set policy_name = ${policy.name}, policy_version = ${policy.version}, over_at = ${overAt},
      plan = ${plan ?? licence.plan}
    where id = ${id}`;
  const changed = {
    ...licence,
    policy_name: policy.name,
    policy_version: policy.version,
    plan: plan ?? licence.plan,
  };
  const serial = await resign(em, installation, changed, now);
  await keepDues(em, id, now);
  if (wanted.revokeOlder)
    await revokeOnList(em, { licenseId: id, product, serial: before, reason: 'superseded', at: now });
  const data = { serial, policy, revokedOlder: wanted.revokeOlder, ...(plan === undefined ? {} : { plan }) };
  await appendEvent(em, { stream: `license:${id}`, type: 'license.reissued', tenantId, data }, actor);
}
