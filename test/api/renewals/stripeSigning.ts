import { createHmac } from 'node:crypto';

/** What Stripe would send of this body with this secret. */
export function stripeSignature(
  body: string,
  secret: string,
  { at = Math.floor(Date.now() / 1000), also = '' }: { at?: number; also?: string } = {},
): string {
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return `t=${at},v1=${signature}${also}`;
}

/** News of a payment. */
export const intentEvent = (id: string, ref: string, type = 'payment_intent.amount_capturable_updated'): string =>
  JSON.stringify({
    id,
    object: 'event',
    api_version: '2024-06-20',
    type,
    data: { object: { id: ref, object: 'payment_intent', status: 'requires_capture' } },
  });
