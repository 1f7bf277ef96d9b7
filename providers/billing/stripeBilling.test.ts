import { deepEqual, doesNotMatch, equal, rejects } from 'node:assert/strict';
import type { Payment } from '#domain/licenses/renewing/payments.ts';
import { ProviderError } from '#providers/provider.ts';
import { startStripeMock, type StripeMock } from '#test/servers/stripe/stripeMock.ts';
import { StripeServer, type StripeFault } from '#test/servers/stripe/stripeServer.ts';
import type { BillingProvider } from './billingProvider.ts';
import { stripeBilling } from './stripeBilling.ts';

const secretKey = 'sk_test_canary';
let count = 0;

const payment = (more: Partial<Payment> = {}): Payment => ({
  id: `01900000-0000-7000-8000-${String(++count).padStart(12, '0')}`,
  tenantId: '01900000-0000-7000-8000-000000000000',
  provider: 'stripe',
  currency: 'EUR',
  amount: 12_000,
  customer: 'cus_1',
  paymentMethod: 'pm_card_visa',
  ref: null,
  settledAs: null,
  askedAt: new Date().toISOString(),
  isAgain: false,
  ...more,
});

describe('payments by Stripe', () => {
  let server: StripeServer;
  let billing: BillingProvider;
  before(async () => {
    server = await StripeServer.start();
    billing = stripeBilling({ secretKey, apiUrl: server.url });
  });
  beforeEach(() => {
    server.fault = null;
    server.effects.length = 0;
    server.calls.length = 0;
  });
  after(() => server.stop());

  const fails = (at: StripeFault['at'], when: StripeFault['when'], how: StripeFault['how'] = 'silence', times = 1) =>
    void (server.fault = { at, when, how, times });

  it('are held and then taken, each by a key of its own', async () => {
    const asked = payment();
    const held = await billing.authorise(asked);
    equal(held.state, 'authorised');
    deepEqual(await billing.capture({ ...asked, ref: held.ref }), { state: 'captured', ref: held.ref });
    deepEqual(server.effects, [`requires_capture ${asked.id}`, `succeeded ${asked.id}`]);
    deepEqual(
      server.calls.map(({ at, idempotencyKey }) => [at, idempotencyKey]),
      [
        ['create', `renewal-${asked.id}-authorise`],
        ['capture', `renewal-${asked.id}-capture`],
      ],
    );
    equal(server.calls[0]?.authorization, `Bearer ${secretKey}`);
  });

  it('are held once, though the answer was lost and it is asked again', async () => {
    const asked = payment();
    fails('create', 'after');
    await rejects(billing.authorise(asked), ProviderError);
    equal((await billing.authorise({ ...asked, isAgain: true })).state, 'authorised');
    deepEqual(server.effects, [`requires_capture ${asked.id}`]);
  });

  it('are taken once, though the answer was lost, and the key was forgotten meanwhile', async () => {
    const asked = payment();
    const { ref } = await billing.authorise(asked);
    fails('capture', 'after');
    await rejects(billing.capture({ ...asked, ref }), ProviderError);
    equal((await billing.capture({ ...asked, ref, isAgain: true })).state, 'captured');
    const other = stripeBilling({ secretKey, apiUrl: server.url });
    equal((await other.capture({ ...asked, ref, id: payment().id })).state, 'captured'); // under another key
    deepEqual(server.effects, [`requires_capture ${asked.id}`, `succeeded ${asked.id}`]);
  });

  it('are declined with the reason of the bank, or as what cannot be charged', async () => {
    deepEqual(await billing.authorise(payment({ paymentMethod: 'pm_declined' })), {
      state: 'declined',
      ref: `pi_${server.intents.size}`,
      code: 'insufficient_funds',
    });
    const missing = await billing.authorise(payment({ paymentMethod: 'pm_missing' }));
    deepEqual(missing, { state: 'declined', ref: null, code: 'resource_missing' });
    const unpayable = await billing.authorise(payment({ currency: 'KWD', amount: 5_124 }));
    deepEqual(unpayable, { state: 'declined', ref: null, code: 'amount_not_in_currency' });
  });

  it('wait for the holder of the card, and say what came of it', async () => {
    const asked = payment({ paymentMethod: 'pm_action' });
    const { state, ref } = await billing.authorise(asked);
    equal(state, 'waiting');
    server.intents.get(ref ?? '')!.status = 'requires_capture';
    equal((await billing.authorise({ ...asked, ref, isAgain: true })).state, 'authorised');
  });

  it('are let go, again and again, and never once they were taken', async () => {
    const asked = payment();
    const { ref } = await billing.authorise(asked);
    fails('cancel', 'after');
    await rejects(billing.void({ ...asked, ref }), ProviderError);
    equal((await billing.void({ ...asked, ref })).state, 'voided');
    equal((await billing.capture({ ...asked, ref })).state, 'voided');
    const taken = payment();
    const held = await billing.authorise(taken);
    await billing.capture({ ...taken, ref: held.ref });
    equal((await billing.void({ ...taken, ref: held.ref })).state, 'captured');
  });

  it('that nobody told us of are found and let go; a late attempt holds nothing any more', async () => {
    const lost = payment();
    fails('create', 'after');
    await rejects(billing.authorise(lost), ProviderError);
    equal((await billing.void({ ...lost, isAgain: true })).state, 'voided');
    equal(server.of(lost.id)?.status, 'canceled');

    const never = payment();
    fails('create', 'before');
    await rejects(billing.authorise(never), ProviderError);
    equal((await billing.void({ ...never, isAgain: true })).state, 'voided');
    equal((await billing.authorise(never)).state, 'declined'); // the late attempt
    deepEqual(
      server.effects.filter((effect) => effect.includes(never.id)),
      [`canceled ${never.id}`],
    );
  });

  for (const how of [500, 429, 401, 'silence'] as const)
    it(`are asked for again after ${how}, and no text holds the key`, async () => {
      fails('create', 'before', how);
      await rejects(billing.authorise(payment()), (error: ProviderError) => {
        equal(error.retryable, true);
        doesNotMatch(`${error.message} ${error.stack} ${String(error.cause)}`, /canary/);
        return error instanceof ProviderError;
      });
    });
});

describe('what is asked of Stripe', () => {
  let mock: StripeMock;
  before(async function () {
    this.timeout(600_000); // built once where it is not there
    mock = await startStripeMock();
  });
  after(() => mock?.stop());

  it('is what its own description of the API allows: create, list, read, capture, cancel', async () => {
    const billing = stripeBilling({ secretKey: 'sk_test_123', apiUrl: mock.url });
    // The mock keeps nothing: it checks each request and answers with an example.
    for (const call of [
      () => billing.authorise(payment()),
      () => billing.authorise(payment({ isAgain: true })),
      () => billing.authorise(payment({ ref: 'pi_123' })),
      () => billing.capture(payment({ ref: 'pi_123' })),
      () => billing.void(payment({ ref: 'pi_123' })),
      () => billing.void(payment({ isAgain: true })),
    ]) {
      const answer = await call().catch((error: ProviderError) => {
        // An example that is in no state that ends a payment.
        if (/^The payment is requires_/.test(error.message)) return { state: 'example' };
        throw error;
      });
      if (answer.state === 'declined')
        deepEqual({ code: (answer as { code: string }).code }, { code: 'requires_payment_method' });
    }
  });

  it('would be refused there if it were not', async () => {
    const response = await fetch(`${mock.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_123', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'amount=10&currency=eur&nonsense=1',
    });
    equal(response.status, 400);
  });
});
