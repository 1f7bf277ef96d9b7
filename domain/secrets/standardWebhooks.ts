import { createHmac } from 'node:crypto';

/** How a secret is written for whoever verifies with it (Standard Webhooks 1.0). */
export const writeWebhookSecret = (secret: Buffer): string => `whsec_${secret.toString('base64')}`;

/**
 * The headers by which a receiver knows that a call is ours, is the one it claims to be, and is not an old one (Standard Webhooks
 * 1.0). While a secret is being replaced the call is signed with both.
 *
 * @param id stays the same over all repetitions of one call
 */
export function signWebhook(
  secrets: readonly Buffer[],
  { id, body, at = new Date() }: { id: string; body: string; at?: Date },
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
