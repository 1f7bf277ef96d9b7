import { DomainError } from '#contracts/errors.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import type { Installation } from '../../installation.ts';
import type { Ledger } from '../../runs/ledger.ts';
import { registryTime, rows } from '../../sql.ts';
import { lockLicense, type LicenseRow } from '../licenseRow.ts';
import { findPolicyRules } from '../policies/policyVersions.ts';
import { signClaims, type Claimed } from '../signing/signLicense.ts';
import { isPaid, lockPayment, onRenewal, refuseEnded, type RenewalRow } from './renewalRow.ts';

/**
 * Signs the licence as it will be, before anybody is asked for money: what could not be signed is not sold. The signature rests with the
 * renewal and is handed to nobody. Whoever comes here has been approved where that was needed. Refuses with `license_over`,
 * `license_not_active`, `run_over`, `renewal_expired`.
 *
 * @param now by the workflow's clock
 */
export const signAhead = (ledger: Ledger, installation: Installation, ref: RunRef, now: string): Promise<void> =>
  onRenewal(ledger, ref, async (em, run, renewal) => {
    if (renewal.activated_at !== null || isPaid(await lockPayment(em, renewal.id))) return;
    refuseEnded(run, renewal, now);
    const licence = await lockLicense(em, renewal.license_id);
    if (licence.state !== 'active') throw new DomainError('license_not_active', 'The licence was suspended meanwhile.');
    const signedAt = new Date(await registryTime(em));
    const { kid, claims, signature } = await signClaims(
      em,
      installation,
      renewed(licence, renewal),
      await findPolicyRules(em, renewal.quote.policy),
      { serial: licence.serial + 1, now: signedAt },
    );
    await rows(em)`
      update license_renewals set signed_after = ${licence.serial}, signed_kid = ${kid}, signed_claims = ${claims},
        signature = ${signature}, signed_at = ${signedAt},
        approved_at = case when needs_approval then coalesce(approved_at, now()) end
      where id = ${renewal.id}`;
  });

/** The undo: nothing that was signed ahead is left. */
export const discardSigned = (ledger: Ledger, ref: RunRef): Promise<void> =>
  onRenewal(ledger, ref, async (em, _run, { id }) => {
    await forgetSigned(em, id);
  });

export const forgetSigned = (em: Sql, renewalId: string): Promise<unknown> =>
  rows(em)`
    update license_renewals set signed_claims = null, signature = null where id = ${renewalId}`;

/** The licence as the renewal makes it. A trial that is renewed is one no more. */
export const renewed = (licence: LicenseRow, { quote }: RenewalRow): Claimed => ({
  ...licence,
  policy_name: quote.policy.name,
  policy_version: quote.policy.version,
  expires_at: quote.until,
  is_trial: false,
});
