import type { RunRef } from '#contracts/workflowInputs.ts';
import { isoOf } from '../../isoOf.ts';
import { stopForPerson, type Stop } from '../../runs/deciding/parkRun.ts';
import type { Ledger } from '../../runs/ledger.ts';
import { findLicense, refuseOver } from '../licenseRow.ts';
import { onRenewal } from './renewalRow.ts';

/** Until when somebody may approve it, RFC 3339. */
export interface ApprovalAsked {
  endsAt: string;
}

/**
 * Where the policy wants it, the run waits for a decision before anything of the renewal is made. Asking twice is asking once. Refuses with
 * `license_over`.
 *
 * @returns null when it needs no approval, or was approved before
 */
export const askApproval = (ledger: Ledger, stop: Stop & RunRef): Promise<ApprovalAsked | null> =>
  onRenewal(ledger, stop, async (em, run, renewal) => {
    if (!renewal.needs_approval || renewal.approved_at !== null || renewal.withdrawn_at !== null) return null;
    refuseOver(await findLicense(em, renewal.license_id));
    const { quote } = renewal;
    const price = quote.amount > 0 ? `${quote.amount} minor units of ${quote.currency}` : 'nothing';
    await stopForPerson(em, run, stop, {
      by: 'approval',
      reason: {
        code: 'approval_wanted',
        text: `Its policy wants each renewal approved. It costs ${price}, and the licence would end at ${quote.until}.`,
      },
      title: 'A renewal waits for approval',
    });
    return { endsAt: isoOf(renewal.quote_ends_at) };
  });
