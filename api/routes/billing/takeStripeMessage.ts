import { DomainError } from '#contracts/errors.ts';
import { StripeEventTaken } from '#contracts/licenses/billing.ts';
import { refuseForged, takeStripeMessage as take } from '#domain/billing/stripeMessages.ts';
import { countBillingMessage } from '#observability/licenses/renewalMetrics.ts';
import { defineRoute } from '../../route.ts';

/**
 * Signed over its bytes, so it is read as a file. What it says is not believed beyond which payment there is news of: the worker asks
 * Stripe.
 */
export const takeStripeMessage = defineRoute({
  method: 'post',
  path: '/api/v1/webhooks/stripe',
  summary: 'Where Stripe tells of payments',
  permission: 'public',
  rate: { perSecond: 50, burst: 500 },
  headers: { 'Stripe-Signature': 'Time and HMAC-SHA-256 signatures by the secret of the endpoint' },
  file: { types: ['application/json'], limitBytes: 256 * 1024 },
  success: { status: 200, body: StripeEventTaken },
  errors: ['webhook_not_authentic', 'billing_not_configured', 'bad_json', 'body_too_large'],
  async handle({ file, header }, { em, platform, workflows }) {
    const { webhookSecrets: secrets } = platform.configuration.billing.stripe;
    if (secrets.length === 0)
      throw new DomainError('billing_not_configured', 'There is no secret here to know messages of Stripe by.');
    const pieces: Buffer[] = [];
    for await (const piece of file) pieces.push(piece);
    const body = Buffer.concat(pieces);
    try {
      refuseForged(header('Stripe-Signature'), body, { secrets, now: new Date() });
    } catch (error) {
      countBillingMessage('stripe', 'refused');
      throw error;
    }
    const { outcome, workflowId } = await em.transactional((tx) => take(tx, parse(body)));
    countBillingMessage('stripe', outcome);
    if (workflowId) await workflows.wake(workflowId);
    return { received: true as const };
  },
});

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw new DomainError('bad_json', 'The body is not valid JSON.', { cause: error });
  }
}
