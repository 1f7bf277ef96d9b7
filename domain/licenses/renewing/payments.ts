import { DomainError } from '#contracts/errors.ts';
import type { BillingProviderKind } from '#contracts/licenses/billing.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';
import { findLicense, refuseOver } from '../licenseRow.ts';
import {
  isPaid,
  lockPayment,
  onRenewal,
  refuseEnded,
  tellOfRenewal,
  type PaymentRow,
  type RenewalRow,
} from './renewalRow.ts';

/** A payment as its provider is told of it. Nothing of it names a person. */
export interface Payment {
  /** The renewal's: asking twice with it is asking once. */
  id: string;
  tenantId: string;
  provider: BillingProviderKind;
  currency: string;
  /** In minor units (ISO 4217). */
  amount: number;
  customer: string | null;
  paymentMethod: string | null;
  /** By which the provider knows it; null until it has said so. */
  ref: string | null;
  /** What a person has said of it; null where nobody has. */
  settledAs: 'paid' | 'declined' | null;
  /** When it was asked for the first time, RFC 3339. */
  askedAt: string;
  /** Whether it was asked for before, so that the provider may know it although we were not told. */
  isAgain: boolean;
}

const paymentOf = (row: PaymentRow, isAgain: boolean): Payment => ({
  id: row.renewal_id,
  tenantId: row.tenant_id,
  provider: row.provider,
  currency: row.currency,
  amount: row.amount,
  customer: row.customer,
  paymentMethod: row.payment_method,
  ref: row.ref,
  settledAs: row.settled_as,
  askedAt: isoOf(row.asked_at),
  isAgain,
});

/**
 * Before the provider is asked to hold the money: the payment is written down, so that whoever undoes it finds it.
 *
 * @param now by the workflow's clock
 * @param configured which payment services can be asked here: of another nothing is begun, so that there is nothing to let go
 * @returns null when the money is held, or taken, already
 */
export const beginAuthorising = (
  ledger: Ledger,
  ref: RunRef,
  { now, configured }: { now: string; configured: readonly string[] },
): Promise<Payment | null> =>
  onRenewal(ledger, ref, async (em, run, renewal) => {
    const known = await lockPayment(em, renewal.id);
    if (isPaid(known)) return null;
    if (known?.state === 'declined') throw declined(known.declined_code);
    if (known?.settled_as !== 'paid') refuseEnded(run, renewal, now);
    if (known?.state === 'voided') throw new DomainError('run_over', 'The payment was voided.');
    if (known?.state === 'authorised') return null;
    refuseOver(await findLicense(em, renewal.license_id));
    if (!known) await refuseUnconfigured(em, renewal, configured);
    await rows(em)`
      insert into renewal_payments (renewal_id, tenant_id, provider, state, currency, amount, customer, payment_method, looked_at)
      select ${renewal.id}, ${renewal.tenant_id}, coalesce(a.provider, 'manual'), 'asked', ${renewal.quote.currency},
             ${renewal.quote.amount}, a.customer, a.payment_method, now()
      from (select 1) as one left join billing_accounts a on a.tenant_id = ${renewal.tenant_id}
      on conflict (renewal_id) do update set looked_at = now()`;
    const payment = await lockPayment(em, renewal.id);
    return paymentOf(payment!, known !== null);
  });

async function refuseUnconfigured(
  em: Sql,
  { tenant_id: tenantId }: RenewalRow,
  configured: readonly string[],
): Promise<void> {
  const [account] = await rows<{ provider: string }>(em)`
    select provider from billing_accounts where tenant_id = ${tenantId}`;
  const provider = account?.provider ?? 'manual';
  if (!configured.includes(provider))
    throw new DomainError('billing_not_configured', `The payment service "${provider}" is not configured here.`);
}

/** The money is held. */
export const noteAuthorised = (ledger: Ledger, ref: RunRef, paymentRef: string | null): Promise<void> =>
  onRenewal(ledger, ref, async (em, run, renewal) => {
    const moved = await rows(em)`
      update renewal_payments set state = 'authorised', ref = coalesce(${paymentRef}, ref), authorised_at = now()
      where renewal_id = ${renewal.id} and state = 'asked' returning 1`;
    await closeTasks(em, { runId: run.id, kinds: ['payment_waiting'] }, run.actor);
    if (moved.length > 0) await tellOfRenewal(em, renewal, 'payment_authorised', run.actor);
  });

/** Refuses always: with `payment_declined`, once that is written down. */
export async function noteDeclined(
  ledger: Ledger,
  ref: RunRef,
  of: { ref: string | null; code: string },
): Promise<never> {
  await onRenewal(ledger, ref, async (em, run, renewal) => {
    await rows(em)`
      update renewal_payments set state = 'declined', ref = coalesce(${of.ref}, ref), declined_code = ${of.code}
      where renewal_id = ${renewal.id}`;
    await tellOfRenewal(em, renewal, 'payment_declined', run.actor, { code: of.code });
  });
  throw declined(of.code);
}

const declined = (code: string | null): DomainError =>
  new DomainError('payment_declined', `The payment was declined${code ? ` (${code})` : ''}.`);

/** How long nothing is looked at unless there is news: by webhook, or by a person. */
const lookAgainMs: Record<BillingProviderKind, number> = { manual: 24 * 3_600_000, stripe: 6 * 3_600_000 };

/**
 * The money is neither held nor refused: a person or a bank has to do something. The run stands still visibly.
 *
 * @returns when to look again, RFC 3339, unless there is news before
 */
export const waitForPayment = (
  ledger: Ledger,
  { stepId, ...ref }: RunRef & { stepId: string },
  paymentRef: string | null,
  now: string,
): Promise<string> =>
  onRenewal(ledger, ref, async (em, run, renewal) => {
    const [payment] = await rows<PaymentRow>(em)`
      update renewal_payments set ref = coalesce(${paymentRef}, ref) where renewal_id = ${renewal.id} returning *`;
    await rows(em)`update run_steps set state = 'waiting' where id = ${stepId} and state = 'running'`;
    await rows(em)`
      update runs set held_by = 'payment', held_since = coalesce(held_since, now()), held_step_id = ${stepId} where id = ${run.id}`;
    if (run.state !== 'waiting') await moveRun(em, run, 'waiting');
    if (payment?.provider === 'manual') await openTask(em, paymentWaiting(run, renewal), run.actor);
    const again = Date.parse(now) + lookAgainMs[payment?.provider ?? 'manual'];
    return new Date(Math.min(again, new Date(renewal.quote_ends_at).getTime())).toISOString();
  });

const paymentWaiting = (run: LockedRun, { id, quote }: RenewalRow) => ({
  kind: 'payment_waiting' as const,
  runId: run.id,
  tenantId: run.tenantId,
  subjectId: run.id,
  title: 'A renewal waits for its payment',
  reason: {
    code: 'payment_waiting',
    text: `${quote.amount} minor units of ${quote.currency} are expected for renewal ${id}. Mark it as paid when they have come, or as declined.`,
  },
});

/**
 * The point of no return of what costs something: from here on no cancel is taken, and money that may have been taken is not forgotten. A
 * cancel that was accepted before wins (`run_over`).
 *
 * @returns null when it was taken already
 */
export const beginCapture = (ledger: Ledger, ref: RunRef): Promise<Payment | null> =>
  onRenewal(ledger, ref, async (em, run, renewal) => {
    const payment = await lockPayment(em, renewal.id);
    if (payment?.state === 'captured') return null;
    if (payment?.state !== 'capturing' && (run.cancelRequestedAt || renewal.withdrawn_at !== null))
      throw new DomainError('run_over', 'The renewal was taken back before it was paid.');
    if (payment?.state !== 'authorised' && payment?.state !== 'capturing')
      throw new DomainError('run_over', 'The payment is not authorised.');
    await rows(em)`update runs set cancellable = false where id = ${run.id} and cancellable`;
    await rows(em)`update renewal_payments set state = 'capturing' where renewal_id = ${renewal.id}`;
    return paymentOf(payment, payment.state === 'capturing');
  });

export const noteCaptured = (ledger: Ledger, ref: RunRef): Promise<void> =>
  onRenewal(ledger, ref, async (em, run, renewal) => {
    const moved = await rows(em)`
      update renewal_payments set state = 'captured', captured_at = now()
      where renewal_id = ${renewal.id} and state <> 'captured' returning 1`;
    if (moved.length === 0) return;
    const { currency, amount } = renewal.quote;
    await tellOfRenewal(em, renewal, 'payment_captured', run.actor, { currency, amount });
  });

/** Before what is held is let go. @returns null when there is nothing to let go */
export const beginVoiding = (ledger: Ledger, ref: RunRef): Promise<Payment | null> =>
  onRenewal(ledger, ref, async (em, _run, renewal) => {
    await rows(em)`
      update license_renewals set withdrawn_at = coalesce(withdrawn_at, now()) where id = ${renewal.id}`;
    const payment = await lockPayment(em, renewal.id);
    const isOver = payment === null || payment.state === 'voided' || payment.state === 'captured';
    return isOver ? null : paymentOf(payment, true);
  });

/** What became of it: nothing was taken, or it had been taken elsewhere already, which is a person's to pay back. */
export const noteVoided = (ledger: Ledger, ref: RunRef, as: 'voided' | 'captured'): Promise<void> =>
  onRenewal(ledger, ref, async (em, run, renewal) => {
    const moved = await rows(em)`
      update renewal_payments set state = case when state = 'declined' and ${as} = 'voided' then state else ${as} end,
        voided_at = case when ${as} = 'voided' then now() end, captured_at = case when ${as} = 'captured' then now() end
      where renewal_id = ${renewal.id} and state <> ${as} returning state`;
    if (moved.length > 0 && (moved[0] as { state: string }).state === 'voided')
      await tellOfRenewal(em, renewal, 'payment_voided', run.actor);
  });

/** Whoever has news of a payment: its run looks at it. @returns the workflow to wake; null when nobody waits for it */
export async function tellOfPayment(
  em: Sql,
  by: { provider: BillingProviderKind; ref: string },
): Promise<{ workflowId: string } | null> {
  const [told] = await rows<{ workflowId: string }>(em)`
    update renewal_payments p set told_at = now() from license_renewals n join runs r on r.id = n.run_id
    where n.id = p.renewal_id and p.provider = ${by.provider} and p.ref = ${by.ref} and n.state = 'open'
    returning r.workflow_id as "workflowId"`;
  return told ?? null;
}
