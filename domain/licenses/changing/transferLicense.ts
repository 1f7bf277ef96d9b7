import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { keepDues } from '../dues/keepDues.ts';
import { licensedTenant, writeIssued, type Issuing } from '../issueLicense.ts';
import { revokeOnList } from '../keys/revocationList.ts';
import { invalid, lockLicense } from '../licenseRow.ts';
import { findPolicyRules } from '../policies/policyVersions.ts';
import { resign } from '../signing/signLicense.ts';

/**
 * Gives what is left of a licence to another tenant: a new licence with the same policy, dates and overrides takes the place of this one,
 * which is revoked. Refuses with `not_found`, `license_over`, `license_not_active`, `license_not_transferable`, `license_renewing`,
 * `tenant_not_active`.
 *
 * @returns the new licence's id
 */
export async function transferLicense(
  em: Sql,
  platform: Issuing,
  { id, to, now }: { id: string; to: string; now: Date },
  actor: Actor,
): Promise<string> {
  const licence = await lockLicense(em, id);
  const { tenant_id: from, product, policy_name: name, policy_version: version } = licence;
  const rules = await findPolicyRules(em, { name, version });
  if (!rules.transferable)
    throw new DomainError('license_not_transferable', 'Its policy does not let it go to another tenant.');
  if (licence.state !== 'active')
    throw new DomainError('license_not_active', 'The licence is suspended; reinstate it first.');
  if (to === from) throw invalid({ path: 'to', message: 'is the tenant that has it' });
  const [renewal] = await rows<{ run_id: string }>(em)`
    select run_id from license_renewals where license_id = ${id} and state = 'open'`;
  if (renewal)
    throw new DomainError('license_renewing', 'It is being renewed. Wait for the end of that, or take it back.', {
      extra: { runId: renewal.run_id },
    });
  await licensedTenant(em, to);

  await rows(em)`update licenses set state = 'superseded' where id = ${id}`;
  await rows(em)`delete from license_uses where license_id = ${id}`;
  await revokeOnList(em, { licenseId: id, product, serial: null, reason: 'transferred', at: now });
  const successor = newId();
  const planned = {
    ...licence,
    id: successor,
    tenant_id: to,
    startsAt: new Date(licence.starts_at),
    expiresAt: licence.expires_at === null ? null : new Date(licence.expires_at),
    anchorAt: new Date(licence.anchor_at),
    transferredFrom: id,
    tag: null,
  };
  await writeIssued(em, platform, planned, rules, now, actor);
  const moved = await rows(em)`
    update license_overrides set license_id = ${successor} where license_id = ${id} returning name`;
  if (moved.length > 0) {
    const next = { ...licence, id: successor, tenant_id: to };
    await resign(em, platform.installation, next, now);
  }
  await keepDues(em, [id, successor], now);
  const data = { successor };
  await appendEvent(em, { stream: `license:${id}`, type: 'license.transferred', tenantId: from, data }, actor);
  return successor;
}
