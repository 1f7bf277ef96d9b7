import { DomainError } from '#contracts/errors.ts';
import type { RunState } from '#contracts/runStates.ts';
import type { Reason, RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { activateRenewal } from '#domain/licenses/renewing/activateRenewal.ts';
import { askApproval, type ApprovalAsked } from '#domain/licenses/renewing/askApproval.ts';
import { closeRenewed, deliverRenewal } from '#domain/licenses/renewing/deliverRenewal.ts';
import {
  beginAuthorising,
  beginCapture,
  beginVoiding,
  noteAuthorised,
  noteCaptured,
  noteDeclined,
  noteVoided,
  waitForPayment,
  type Payment,
} from '#domain/licenses/renewing/payments.ts';
import { discardSigned, signAhead } from '#domain/licenses/renewing/signAhead.ts';
import { closeStranded, closeTakenBack } from '#domain/licenses/renewing/takeBackRenewal.ts';
import type { Stop } from '#domain/runs/deciding/parkRun.ts';
import { countPayment, countRenewal } from '#observability/licenses/renewalMetrics.ts';
import type { BillingProvider } from '#providers/billing/billingProvider.ts';
import type { Deps } from '../deps.ts';
import { untilItWorks } from './whenFree.ts';

/** Whether the money is held; else when to look again. */
export type Authorised = { isHeld: true } | { isHeld: false; nextAt: string };

/**
 * `renewal.*`: each act finds by rows what an earlier attempt did, and what it asks of a payment's provider it asks under the renewal's id.
 * Neither amounts nor files pass through here.
 */
export const renewLicense = (deps: Pick<Deps, 'ledger' | 'installation' | 'tenantKeys' | 'billing'>) => {
  const { ledger, installation, billing } = deps;

  const providerOf = ({ provider }: Payment): BillingProvider => {
    const found = billing[provider];
    if (found) return found;
    throw new DomainError('billing_not_configured', `The payment service "${provider}" is not configured here.`);
  };

  return {
    /** @returns null when it needs no approval, or was approved before */
    'renewal.askApproval': (stop: Stop & RunRef): Promise<ApprovalAsked | null> => askApproval(ledger, stop),

    /** @param now by the workflow's clock, here and below */
    'renewal.sign': (input: StepInput, now: string): Promise<void> => signAhead(ledger, installation, input, now),
    'renewal.discard': (input: StepInput): Promise<void> => discardSigned(ledger, input),

    'renewal.authorise': async (input: StepInput, now: string): Promise<Authorised> => {
      const payment = await beginAuthorising(ledger, input, { now, configured: Object.keys(billing) });
      if (!payment) return { isHeld: true };
      const answer = await providerOf(payment).authorise(payment);
      switch (answer.state) {
        case 'authorised':
        case 'captured':
          await noteAuthorised(ledger, input, answer.ref);
          countPayment(payment.provider, 'authorised');
          return { isHeld: true };
        case 'waiting':
          return { isHeld: false, nextAt: await waitForPayment(ledger, input, answer.ref, now) };
        case 'declined':
        case 'voided': {
          countPayment(payment.provider, 'declined');
          const code = answer.state === 'declined' ? answer.code : 'voided_elsewhere';
          return noteDeclined(ledger, input, { ref: answer.ref, code });
        }
      }
    },

    'renewal.void': async (input: StepInput): Promise<void> => {
      const payment = await beginVoiding(ledger, input);
      if (!payment) return;
      // A service that was configured when it was asked has to be so again, until it has let go.
      const answer = await untilItWorks(async () => providerOf(payment).void(payment));
      const became = answer.state === 'captured' ? 'captured' : 'voided';
      await noteVoided(ledger, input, became);
      countPayment(payment.provider, became);
    },

    'renewal.capture': async (input: StepInput): Promise<void> => {
      const payment = await beginCapture(ledger, input);
      if (!payment) return;
      const answer = await providerOf(payment).capture(payment);
      if (answer.state !== 'captured') {
        countPayment(payment.provider, 'declined');
        const code = answer.state === 'declined' ? answer.code : 'nothing_held';
        return noteDeclined(ledger, input, { ref: answer.ref, code });
      }
      await noteCaptured(ledger, input);
      countPayment(payment.provider, 'captured');
    },

    'renewal.activate': (input: StepInput, now: string): Promise<void> =>
      activateRenewal(ledger, installation, input, now),
    'renewal.deliver': (input: StepInput): Promise<void> => deliverRenewal(ledger, deps, input),

    'renewal.closeRenewed': async (ref: RunRef): Promise<void> => {
      await closeRenewed(ledger, ref);
      countRenewal('done');
    },
    'renewal.closeTakenBack': async (ref: RunRef, reason: Reason): Promise<RunState> => {
      const outcome = await closeTakenBack(ledger, ref, reason);
      countRenewal('taken_back');
      return outcome;
    },
    'renewal.closeStranded': async (ref: RunRef, reason: Reason): Promise<void> => {
      await closeStranded(ledger, ref, reason);
      countRenewal('stranded');
    },
  };
};

export type RenewalActivities = ReturnType<typeof renewLicense>;
