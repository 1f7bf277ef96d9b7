import type { z } from 'zod';
import type { Payment } from '#domain/licenses/renewing/payments.ts';
import { ProviderError } from '../provider.ts';
import type { BillingProvider, PaymentAnswer, PaymentEnd } from './billingProvider.ts';
import { stripeAmount } from './stripeAmount.ts';
import { codeOf, PaymentIntent, PaymentIntents, stripeClient, StripeRefusal } from './stripeClient.ts';

/** Clocks differ: what was asked for is looked for from a little earlier on. */
const earlierSeconds = 600;
const mostListed = 100;

/**
 * Card payments by PaymentIntents that are captured by hand (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method). The renewal's
 * id is in the idempotency key of each call and in the intent's metadata: the key keeps one from being made twice for at least a day,
 * the metadata find the one that was made and not told of.
 */
export function stripeBilling(options: { secretKey: string; apiUrl: string }): BillingProvider {
  const client = stripeClient(options);
  const keyOf = ({ id }: Payment, verb: string): string => `renewal-${id}-${verb}`;
  const at = (ref: string): string => `/v1/payment_intents/${encodeURIComponent(ref)}`;
  const read = (ref: string): Promise<PaymentIntent> => client.get(at(ref), {}, { answer: PaymentIntent });

  const create = (payment: Payment, amount: number, confirm: Record<string, string>): Promise<PaymentIntent> =>
    client.post(
      '/v1/payment_intents',
      {
        amount: String(amount),
        currency: payment.currency.toLowerCase(),
        customer: payment.customer ?? '',
        capture_method: 'manual',
        'payment_method_types[]': 'card',
        'metadata[renewal]': payment.id,
        ...confirm,
      },
      { answer: PaymentIntent, idempotencyKey: keyOf(payment, 'authorise') },
    );

  /** The one that was made for this payment, though nobody told us. */
  async function find({ id, customer, askedAt }: Payment): Promise<PaymentIntent | null> {
    const since = Math.floor(Date.parse(askedAt) / 1000) - earlierSeconds;
    const query = { customer: customer ?? '', 'created[gte]': String(since), limit: String(mostListed) };
    for (let after: string | null = null; ;) {
      const page: z.output<typeof PaymentIntents> = await client.get(
        '/v1/payment_intents',
        { ...query, ...(after ? { starting_after: after } : {}) },
        { answer: PaymentIntents },
      );
      const found = page.data.find(({ metadata }) => metadata?.['renewal'] === id);
      after = page.data.at(-1)?.id ?? null;
      if (found || !page.has_more || after === null) return found ?? null;
    }
  }

  /** Changes an intent; where it is not in a state for that, what it is says what became of it. */
  async function change(payment: Payment, ref: string, verb: 'capture' | 'cancel'): Promise<PaymentIntent> {
    try {
      return await client.post(
        `${at(ref)}/${verb}`,
        {},
        { answer: PaymentIntent, idempotencyKey: keyOf(payment, verb) },
      );
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      return read(ref);
    }
  }

  /**
   * A late attempt must not hold money after this: the key is used up by an intent that is never confirmed, and where it had been used
   * before, that one is found.
   */
  async function intentToVoid(payment: Payment, amount: number): Promise<PaymentIntent | null> {
    if (payment.ref !== null) return read(payment.ref);
    try {
      return await create(payment, amount, {});
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      return error.intent ?? find(payment);
    }
  }

  return {
    kind: 'stripe',

    async authorise(payment) {
      const amount = stripeAmount(payment.amount, payment.currency);
      if (amount === null) return { state: 'declined', ref: null, code: 'amount_not_in_currency' };
      if (payment.ref !== null) return answerOf(await read(payment.ref));
      const known = payment.isAgain ? await find(payment) : null;
      if (known) return answerOf(known);
      try {
        const method = { payment_method: payment.paymentMethod ?? '', confirm: 'true', off_session: 'true' };
        return answerOf(await create(payment, amount, method));
      } catch (error) {
        if (!(error instanceof StripeRefusal)) throw error;
        return { state: 'declined', ref: error.intent?.id ?? null, code: error.code };
      }
    },

    async capture(payment) {
      if (payment.ref === null) return { state: 'voided', ref: null };
      return endOf(await change(payment, payment.ref, 'capture'));
    },

    async void(payment) {
      const amount = stripeAmount(payment.amount, payment.currency);
      const intent = amount === null ? null : await intentToVoid(payment, amount);
      if (!intent || intent.status === 'canceled') return { state: 'voided', ref: intent?.id ?? null };
      return endOf(intent.status === 'succeeded' ? intent : await change(payment, intent.id, 'cancel'));
    },
  };
}

/** What is still under way, whatever was asked of it, is asked again. */
function endOf(intent: PaymentIntent): PaymentEnd {
  const answer = answerOf(intent);
  if (answer.state === 'authorised' || answer.state === 'waiting')
    throw new ProviderError('Stripe', `The payment is ${intent.status}; it is asked again.`);
  return answer;
}

function answerOf({ id: ref, status, last_payment_error: error }: PaymentIntent): PaymentAnswer {
  switch (status) {
    case 'requires_capture':
      return { state: 'authorised', ref };
    case 'succeeded':
      return { state: 'captured', ref };
    case 'canceled':
      return { state: 'voided', ref };
    case 'requires_action':
    case 'processing':
      return { state: 'waiting', ref };
    case 'requires_payment_method':
    case 'requires_confirmation':
      return { state: 'declined', ref, code: codeOf(error?.decline_code) ?? codeOf(error?.code) ?? status };
  }
}
