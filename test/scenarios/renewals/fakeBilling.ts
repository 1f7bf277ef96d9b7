import type { Payment } from '#domain/licenses/renewing/payments.ts';
import type { BillingProvider, PaymentAnswer, PaymentEnd } from '#providers/billing/billingProvider.ts';
import { ProviderError } from '#providers/provider.ts';

type Verb = 'authorise' | 'capture' | 'void';

/** A payment service in memory: it keeps payments by their ids and counts what it took. */
export class FakeBilling implements BillingProvider {
  readonly kind = 'stripe';
  readonly calls: string[] = [];
  /** How often money was held, taken and let go, by payment. */
  readonly effects: string[] = [];
  /** What it says of a payment in the place of holding it. */
  answers: PaymentAnswer['state'] = 'authorised';
  /** Fails this often at a verb, before its effect or after it. */
  fails: { verb: Verb; when: 'before' | 'after'; times: number } | null = null;
  readonly #states = new Map<string, PaymentAnswer['state']>();

  /** As if nothing had been. */
  begin(): void {
    this.answers = 'authorised';
    this.fails = null;
    this.calls.length = 0;
    this.effects.length = 0;
  }

  is(id: string): PaymentAnswer['state'] | undefined {
    return this.#states.get(id);
  }

  /** What the bank, or somebody at the service itself, does. */
  becomes(id: string, state: PaymentAnswer['state']): void {
    this.#states.set(id, state);
  }

  authorise(payment: Payment): Promise<PaymentAnswer> {
    return this.#call('authorise', payment, (known) => {
      if (known && known !== 'waiting') return known;
      return known ?? this.answers;
    });
  }

  capture(payment: Payment): Promise<PaymentEnd> {
    return this.#call('capture', payment, (known) =>
      known === 'authorised' || known === 'captured' ? 'captured' : 'voided',
    ) as Promise<PaymentEnd>;
  }

  void(payment: Payment): Promise<PaymentEnd> {
    return this.#call('void', payment, (known) => (known === 'captured' ? known : 'voided')) as Promise<PaymentEnd>;
  }

  async #call(
    verb: Verb,
    { id }: Payment,
    become: (known: PaymentAnswer['state'] | undefined) => PaymentAnswer['state'],
  ): Promise<PaymentAnswer> {
    this.calls.push(verb);
    this.#mayFail(verb, 'before');
    const known = this.#states.get(id);
    const state = become(known);
    if (state !== known) this.effects.push(`${state} ${id}`);
    this.#states.set(id, state);
    this.#mayFail(verb, 'after');
    const ref = `pi_${id.replaceAll('-', '')}`;
    return state === 'declined' ? { state, ref, code: 'card_declined' } : { state, ref };
  }

  #mayFail(verb: Verb, when: 'before' | 'after'): void {
    const { fails } = this;
    if (!fails || fails.verb !== verb || fails.when !== when || fails.times === 0) return;
    fails.times -= 1;
    throw new ProviderError('Fake', 'The payment service did not answer.', {});
  }
}
