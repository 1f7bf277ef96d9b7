import { DomainError } from '#contracts/errors.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import type { Ledger } from '../../runs/ledger.ts';
import { registryTime, rows } from '../../sql.ts';
import { daysAfter } from '../calendar.ts';
import { keepDues } from '../dues/keepDues.ts';
import { lockLicense, type LicenseRow } from '../licenseRow.ts';
import { findPolicyRules } from '../policies/policyVersions.ts';
import { resign } from '../signing/signLicense.ts';
import { isPaid, lockPayment, onRenewal, refuseEnded, tellOfRenewal, type RenewalRow } from './renewalRow.ts';
import { forgetSigned, renewed } from './signAhead.ts';

/** What was signed longer ago says so by its date, and whoever counts days of contact would count them. */
const freshMs = 24 * 60 * 60 * 1000;

/**
 * The licence is what was paid for, in one transaction with its new file: the one that was signed ahead, or another where the licence was
 * signed since, the key is not to be believed any more, or it is old. Of what costs nothing this is the point of no return, and a cancel
 * that was accepted before wins (`run_over`). Refuses with `license_over`.
 *
 * @param now by the workflow's clock
 */
export const activateRenewal = (ledger: Ledger, installation: Installation, ref: RunRef, now: string): Promise<void> =>
  onRenewal(ledger, ref, async (em, run, renewal) => {
    if (renewal.activated_at !== null) return;
    const licence = await lockLicense(em, renewal.license_id);
    const payment = await lockPayment(em, renewal.id);
    if (renewal.quote.amount > 0 && payment?.state !== 'captured')
      throw new DomainError('run_over', 'The renewal is not paid.');
    if (!isPaid(payment)) refuseEnded(run, renewal, now);
    await rows(em)`update runs set cancellable = false where id = ${run.id} and cancellable`;
    const { quote } = renewal;
    const rules = await findPolicyRules(em, quote.policy);
    const overAt = daysAfter(new Date(quote.until), rules.graceDays);
    await rows(em)`
      update licenses set policy_name = ${quote.policy.name}, policy_version = ${quote.policy.version}, is_trial = false,
        anchor_at = ${renewal.anchor_at}, terms = ${renewal.terms}, expires_at = ${quote.until}, over_at = ${overAt}
      where id = ${licence.id}`;
    const at = new Date(await registryTime(em));
    const serial = (await isGood(em, licence, renewal, at))
      ? await publishSigned(em, renewal)
      : await resign(em, installation, renewed(licence, renewal), at);
    await keepDues(em, licence.id, at);
    await forgetSigned(em, renewal.id);
    await rows(em)`update license_renewals set activated_at = now() where id = ${renewal.id}`;
    const data = { renewalId: renewal.id, kind: renewal.kind, policy: quote.policy, expiresAt: quote.until, serial };
    const { tenant_id: tenantId, id } = licence;
    await appendEvent(em, { stream: `license:${id}`, type: 'license.renewed', tenantId, data }, run.actor);
    await tellOfRenewal(em, renewal, 'activated', run.actor, { serial });
  });

async function isGood(em: Sql, licence: LicenseRow, renewal: RenewalRow, now: Date): Promise<boolean> {
  const { signed_after: after, signed_kid: kid, signed_at: at, signed_claims: claims } = renewal;
  if (claims === null || at === null || after !== licence.serial || licence.state !== 'active') return false;
  if (now.getTime() - new Date(at).getTime() > freshMs) return false;
  const [believed] = await rows(em)`select 1 from license_keys where kid = ${kid} and compromised_at is null`;
  return believed !== undefined;
}

async function publishSigned(em: Sql, renewal: RenewalRow): Promise<number> {
  const [published] = await rows<{ serial: number }>(em)`
    update licenses set serial = serial + 1, kid = ${renewal.signed_kid}, claims = ${renewal.signed_claims},
      signature = ${renewal.signature}, issued_at = date_trunc('second', ${renewal.signed_at}::timestamptz)
    where id = ${renewal.license_id} returning serial`;
  return published!.serial;
}
