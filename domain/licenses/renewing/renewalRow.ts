import type {
  NewRenewal,
  PaymentState,
  RenewalKind,
  RenewalQuote,
  RenewalState,
} from '#contracts/licenses/renewals.ts';
import type { BillingProviderKind } from '#contracts/licenses/billing.ts';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Ledger, LockedRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';

export interface RenewalRow {
  id: string;
  license_id: string;
  tenant_id: string;
  run_id: string;
  kind: RenewalKind;
  cause: 'asked' | 'due';
  state: RenewalState;
  prolongs: string;
  wanted: NewRenewal;
  quote: RenewalQuote;
  anchor_at: string;
  terms: number;
  needs_approval: boolean;
  approved_at: string | null;
  quote_ends_at: string;
  signed_after: number | null;
  signed_kid: string | null;
  signed_claims: string | null;
  signature: Buffer | null;
  signed_at: string | null;
  withdrawn_at: string | null;
  activated_at: string | null;
  delivered_at: string | null;
  ended_at: string | null;
  asked_at: string;
}

export interface PaymentRow {
  renewal_id: string;
  tenant_id: string;
  provider: BillingProviderKind;
  state: PaymentState;
  currency: string;
  amount: number;
  customer: string | null;
  payment_method: string | null;
  ref: string | null;
  reference: string | null;
  declined_code: string | null;
  settled_as: 'paid' | 'declined' | null;
  asked_at: string;
}

/** The renewal of a run, held until the end of the transaction; whoever needs the licence's row locks that before. */
export async function lockRenewal(em: Sql, runId: string): Promise<RenewalRow> {
  const [renewal] = await rows<RenewalRow>(em)`select * from license_renewals where run_id = ${runId} for update`;
  if (!renewal) throw new Error(`run ${runId} renews nothing`);
  return renewal;
}

/** Its payment, held; null where nothing was asked for yet. */
export async function lockPayment(em: Sql, renewalId: string): Promise<PaymentRow | null> {
  const [payment] = await rows<PaymentRow>(em)`
    select *, amount::float8 as amount from renewal_payments where renewal_id = ${renewalId} for update`;
  return payment ?? null;
}

/** One change by the run of a renewal. Refuses with `run_over` once that has ended. */
export const onRenewal = <Result>(
  ledger: Ledger,
  ref: RunRef,
  change: (em: Sql, run: LockedRun, renewal: RenewalRow) => Promise<Result>,
): Promise<Result> =>
  ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
    return { changed: true, result: await change(em, run, await lockRenewal(em, run.id)) };
  });

/**
 * Refuses what is not to go on: with `run_over` after a cancel or once it is being taken back, with `renewal_expired` when nobody
 * approved and paid in time.
 *
 * @param now by the workflow's clock
 */
export function refuseEnded(run: LockedRun, renewal: RenewalRow, now: string): void {
  if (run.cancelRequestedAt || renewal.withdrawn_at !== null)
    throw new DomainError('run_over', 'The renewal was taken back before it was paid.');
  if (Date.parse(now) >= new Date(renewal.quote_ends_at).getTime())
    throw new DomainError('renewal_expired', 'Nobody approved and paid it for as long as its quote was good.');
}

/** Once money was taken, or was about to be: it goes on until it is delivered. */
export const isPaid = (payment: PaymentRow | null): boolean =>
  payment?.state === 'capturing' || payment?.state === 'captured';

export const tellOfRenewal = (
  em: Sql,
  {
    id,
    tenant_id: tenantId,
    license_id: licenseId,
    run_id: runId,
  }: Pick<RenewalRow, 'id' | 'tenant_id' | 'license_id' | 'run_id'>,
  what: string,
  actor: Actor,
  data: Record<string, unknown> = {},
): Promise<void> =>
  appendEvent(
    em,
    { stream: `renewal:${id}`, type: `renewal.${what}`, tenantId, data: { licenseId, runId, ...data } },
    actor,
  );
