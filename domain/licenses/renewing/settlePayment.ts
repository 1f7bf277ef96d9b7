import { DomainError } from '#contracts/errors.ts';
import type { PaymentSettlement } from '#contracts/licenses/billing.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { runIsOver } from '#contracts/runStates.ts';
import { lockRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';
import { lockPayment, lockRenewal, tellOfRenewal } from './renewalRow.ts';

/**
 * An operator says that the money has come, or that it will not. Said once: a second word is refused, so that the same transfer does not
 * count twice. That it has come is the point of no return; a cancel that was accepted before wins.
 *
 * Refuses with `not_found`, `renewal_over`, `payment_not_by_hand`, `payment_settled`.
 *
 * @returns the workflow to wake
 */
export async function settlePayment(
  em: Sql,
  renewalId: string,
  { outcome, reference }: PaymentSettlement,
  actor: Actor,
): Promise<{ workflowId: string }> {
  const [found] = await rows<{ run_id: string; workflow_id: string }>(em)`
    select n.run_id, r.workflow_id from license_renewals n join runs r on r.id = n.run_id where n.id = ${renewalId}`;
  if (!found) throw new DomainError('not_found', 'There is no such renewal.');
  const run = await lockRun(em, found.run_id);
  const renewal = await lockRenewal(em, run.id);
  const payment = await lockPayment(em, renewalId);
  if (payment && payment.provider !== 'manual')
    throw new DomainError('payment_not_by_hand', 'This payment is settled by its payment service.');
  if (payment?.settled_as) throw new DomainError('payment_settled', `The payment was marked as ${payment.settled_as}.`);
  if (runIsOver(run.state) || run.cancelRequestedAt || run.state === 'rolling_back' || renewal.withdrawn_at !== null)
    throw new DomainError('renewal_over', 'The renewal is over, or is being taken back.');
  if (payment?.state !== 'asked')
    throw new DomainError('payment_not_by_hand', 'The renewal does not wait for a payment.');
  await rows(em)`
    update renewal_payments set settled_as = ${outcome}, settled_by = ${actor.userId}::uuid, reference = ${reference ?? null},
      told_at = now()
    where renewal_id = ${renewalId}`;
  if (outcome === 'paid') await rows(em)`update runs set cancellable = false where id = ${run.id}`;
  await rows(em)`update runs set version = version + 1 where id = ${run.id}`;
  await tellOfRenewal(em, renewal, `marked_${outcome}`, actor, reference === undefined ? {} : { reference });
  return { workflowId: found.workflow_id };
}
