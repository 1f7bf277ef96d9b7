import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { tellOfPayment } from '../licenses/renewing/payments.ts';
import { rows } from '../sql.ts';

/** Stripe's own tolerance: a message that was signed longer ago, or will be, may be one that somebody has kept. */
const toleranceSeconds = 300;

/**
 * Whether Stripe signed these bytes (https://docs.stripe.com/webhooks#verify-manually): `Stripe-Signature: t=<seconds>,v1=<hex>,…` where
 * v1 is HMAC-SHA-256 of `<t>.<body>` under the secret of the endpoint. While secrets are exchanged there are several of either.
 * Refuses with `webhook_not_authentic`; what was wrong is not told.
 */
export function refuseForged(
  header: string | undefined,
  body: Buffer,
  { secrets, now }: { secrets: readonly string[]; now: Date },
): void {
  const parts = (header ?? '').split(',').map((part) => part.trim().split('=', 2));
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  const signatures = parts.filter(([name]) => name === 'v1').map(([, value]) => value ?? '');
  const isRecent = /^\d{1,12}$/.test(time) && Math.abs(now.getTime() / 1000 - Number(time)) <= toleranceSeconds;
  const isSigned = secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
    return signatures.some((hex) => {
      const given = /^[0-9a-f]{64}$/.test(hex) ? Buffer.from(hex, 'hex') : null;
      return given !== null && timingSafeEqual(given, expected);
    });
  });
  if (!isRecent || !isSigned)
    throw new DomainError('webhook_not_authentic', 'This is not a recent message of the payment service.');
}

/** What of a message matters: which payment there is news of. What the news is, the service itself is asked. */
const Message = z.object({
  id: z.string().max(255),
  type: z.string().max(255),
  data: z.object({ object: z.object({ id: z.string().max(255), object: z.string().max(80) }) }),
});

/**
 * Takes a message that was found authentic. One that was taken before changes nothing, and neither does one about a payment that is not
 * ours or not awaited. Refuses with `invalid_request` what is no message.
 *
 * @returns what it was, and the workflow to wake
 */
export async function takeStripeMessage(
  em: Sql,
  body: unknown,
): Promise<{ outcome: 'news' | 'again' | 'ignored'; workflowId: string | null }> {
  const parsed = Message.safeParse(body);
  if (!parsed.success) throw new DomainError('invalid_request', 'This is no message about something of Stripe.');
  const { id, type, data } = parsed.data;
  if (data.object.object !== 'payment_intent') return { outcome: 'ignored', workflowId: null };
  const taken = await rows(em)`
    insert into billing_messages (provider, id, type, ref) values ('stripe', ${id}, ${type}, ${data.object.id})
    on conflict do nothing returning 1`;
  if (taken.length === 0) return { outcome: 'again', workflowId: null };
  const told = await tellOfPayment(em, { provider: 'stripe', ref: data.object.id });
  return told ? { outcome: 'news', workflowId: told.workflowId } : { outcome: 'ignored', workflowId: null };
}
