import type { BillingProviderKind } from '#contracts/licenses/billing.ts';
import type { Payment } from '#domain/licenses/renewing/payments.ts';

/** What became of a payment at its provider. */
export type PaymentAnswer = PaymentEnd | PaymentUnderWay;

/** What it may yet become something else of. */
type PaymentUnderWay =
  /** The money is held for us and not taken. */
  | { state: 'authorised'; ref: string | null }
  /** A person or a bank has to do something first; asked again, it says what has come of it. */
  | { state: 'waiting'; ref: string | null };

export type PaymentEnd =
  /** The money is taken. */
  | { state: 'captured'; ref: string | null }
  /** For good. The code is the provider's, and stable. */
  | { state: 'declined'; ref: string | null; code: string }
  /** Nothing is held and nothing was taken. */
  | { state: 'voided'; ref: string | null };

/**
 * Keeps payments. Every verb may be called again with the same payment and then finds what it did: the payment's id is the key under which it
 * is asked for, so the same payment twice is one. What a provider does not say now is an outage (`ProviderError`), after which its effect
 * may or may not have happened.
 */
export interface BillingProvider {
  kind: BillingProviderKind;
  /** Holds the money, or says what became of the payment since. */
  authorise(payment: Payment): Promise<PaymentAnswer>;
  /** Takes what is held: `captured`, or `declined` and `voided` when there is nothing to take any more. */
  capture(payment: Payment): Promise<PaymentEnd>;
  /** Lets go what is held: `voided`, also when there was nothing, or `captured` when it had been taken. */
  void(payment: Payment): Promise<PaymentEnd>;
}
