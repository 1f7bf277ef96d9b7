import type { z } from 'zod';
import type { LicenseOverrideChange } from '#contracts/licenses/licenses.ts';
import type { Entitlement } from '#contracts/licenses/policies.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { json, rows } from '../../sql.ts';
import { keepDues } from '../dues/keepDues.ts';
import { invalid, lockLicense, type LicenseRow } from '../licenseRow.ts';
import { findPolicyRules } from '../policies/policyVersions.ts';
import { resign } from '../signing/signLicense.ts';

const mostOverrides = 100;
const kindOf = (entitlement: Entitlement): string => Object.keys(entitlement)[0]!;

/**
 * Grants one tenant something else than its policy does, for a while or until it is taken back, and signs the licence anew. Refuses with
 * `not_found`, `license_over`, `invalid_request`.
 */
export async function overrideEntitlement(
  em: Sql,
  installation: Installation,
  { id, change, now }: { id: string; change: z.infer<typeof LicenseOverrideChange>; now: Date },
  actor: Actor,
): Promise<void> {
  const licence = await lockLicense(em, id);
  const { name, entitlement, until } = change;
  if (entitlement === null) {
    const removed = await rows(em)`
      delete from license_overrides where license_id = ${id} and name = ${name} returning name`;
    if (removed.length === 0) throw invalid({ path: 'name', message: 'is not overridden' });
  } else {
    await refuseUnfit(em, licence, name, entitlement);
    if (until !== null && new Date(until) <= now) throw invalid({ path: 'until', message: 'must be in the future' });
    await rows(em)`
      insert into license_overrides (license_id, name, entitlement, until, set_at, set_by)
      values (${id}, ${name}, ${json(entitlement)}::jsonb, date_trunc('second', ${until}::timestamptz), ${now}, ${actor.userId}::uuid)
      on conflict (license_id, name) do update
      set entitlement = excluded.entitlement, until = excluded.until, set_at = excluded.set_at, set_by = excluded.set_by`;
  }
  const serial = await resign(em, installation, licence, now);
  await keepDues(em, id, now);
  const { tenant_id: tenantId } = licence;
  const type = entitlement === null ? 'license.override_removed' : 'license.override_set';
  const data = { name, until, serial };
  await appendEvent(em, { stream: `license:${id}`, type, tenantId, data }, actor);
}

async function refuseUnfit(em: Sql, licence: LicenseRow, name: string, entitlement: Entitlement): Promise<void> {
  const { term, entitlements } = await findPolicyRules(em, {
    name: licence.policy_name,
    version: licence.policy_version,
  });
  const byPolicy = Object.hasOwn(entitlements, name) ? entitlements[name] : undefined;
  if (byPolicy && kindOf(byPolicy) !== kindOf(entitlement))
    throw invalid({ path: 'entitlement', message: `must be a ${kindOf(byPolicy)}, as the policy says` });
  if ('meter' in entitlement && entitlement.meter.per === 'term' && term.kind === 'perpetual')
    throw invalid({ path: 'entitlement.meter.per', message: 'must not be term: what is perpetual has none' });
  const [counted] = await rows<{ others: number }>(em)`
    select count(*)::int as others from license_overrides where license_id = ${licence.id} and name <> ${name}`;
  if ((counted?.others ?? 0) >= mostOverrides)
    throw invalid({ path: 'name', message: `is one too many: at most ${mostOverrides} can be overridden` });
}
