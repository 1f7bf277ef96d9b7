import assert from 'node:assert/strict';
import type { Problem } from '#contracts/problems.ts';
import type { Renewal } from '#contracts/licenses/renewals.ts';
import { SealedPayloads } from '#temporal/payloadCodec.ts';
import { packHistory } from '../../replay/packedHistories.ts';
import { RenewalWorld } from '../../scenarios/renewals/renewalWorld.ts';
import { StripeServer } from '../../servers/stripe/stripeServer.ts';
import { ApiInstallation, type Answer } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';
import { intentEvent, stripeSignature } from './stripeSigning.ts';

const secret = 'whsec_api_test';
const canary = 'sk_test_canary5f0c';

describe('renewals by the API, paid by Stripe', () => {
  let api: ApiInstallation;
  let stripe: StripeServer;
  let world: RenewalWorld;
  let tenantId: string;

  before(async () => {
    stripe = await StripeServer.start();
    api = await ApiInstallation.start((same) => same, {
      STRIPE_SECRET_KEY: canary,
      STRIPE_API_URL: stripe.url,
      STRIPE_WEBHOOK_SECRETS: `whsec_old, ${secret}`,
    });
    await api.installation.startWorker();
    world = new RenewalWorld(api.installation);
    ({ tenantId } = await api.installation.provision({ name: 'Payers' }));
    await payBy('pm_visa');
  });
  after(async () => {
    await api?.stop();
    await stripe?.stop();
  });

  async function payBy(paymentMethod: string): Promise<void> {
    const body = { provider: 'stripe', currency: 'EUR', stripe: { customer: 'cus_9', paymentMethod } };
    const { status, text } = await api.ask('PATCH', `/api/v1/tenants/${tenantId}/billing`, { body });
    assert.equal(status, 200, text);
  }
  const renew = async (licenseId: string, headers: Record<string, string> = {}): Promise<Answer<Renewal & Problem>> =>
    api.ask('POST', `/api/v1/licenses/${licenseId}/renewals`, { body: {}, headers });
  const tell = (body: string, header: string): Promise<Answer<Problem>> =>
    api.ask('POST', '/api/v1/webhooks/stripe', {
      raw: body,
      headers: { 'stripe-signature': header, 'content-type': 'application/json' },
      cookie: null,
    });
  const messages = async (): Promise<number> =>
    (await api.installation.asAdmin<{ count: number }>(null, 'select count(*)::int as count from billing_messages'))[0]!
      .count;

  it('asked for twice with one key is one renewal and one charge; with another key it is refused', async () => {
    const { id } = await world.license(tenantId);
    const once = { 'idempotency-key': `key-${id}` };
    const [first, second] = await Promise.all([renew(id, once), renew(id, once)]);
    const statuses = [first.status, second.status].toSorted();
    assert.ok(
      statuses[0] === 202 &&
        (statuses[1] === 202 ||
          second.body.code === 'idempotency_in_flight' ||
          first.body.code === 'idempotency_in_flight'),
    );
    const opened = first.status === 202 ? first : second;
    const again = await renew(id, once);
    assert.equal(again.body.id, opened.body.id);
    const other = await renew(id, { 'idempotency-key': `other-${id}` });
    assert.ok(other.status === 409 || other.status === 202);
    await api.installation.runIsOver(opened.body.runId);
    const { body } = await api.ask<Renewal>('GET', `/api/v1/license-renewals/${opened.body.id}`);
    assert.partialDeepStrictEqual(body, { state: 'done', payment: { provider: 'stripe', state: 'captured' } });
    assert.deepEqual(
      stripe.effects.filter((effect) => effect.endsWith(opened.body.id)),
      [`requires_capture ${opened.body.id}`, `succeeded ${opened.body.id}`],
    );
  });

  it('goes on by a signed message, which counts once however often it comes', async () => {
    await payBy('pm_action');
    const { id } = await world.license(tenantId);
    const { body: renewal } = await renew(id);
    await api.installation.runIs('waiting', renewal.runId);
    const intent = stripe.of(renewal.id)!;
    intent.status = 'requires_capture';
    const event = intentEvent('evt_news', intent.id);
    const before = await messages();
    assert.equal((await tell(event, stripeSignature(event, secret))).status, 200);
    assert.equal((await tell(event, stripeSignature(event, secret))).status, 200);
    assert.equal((await tell(event, stripeSignature(event, 'whsec_old'))).status, 200);
    assert.equal(await messages(), before + 1);
    assert.equal((await api.installation.runIsOver(renewal.runId)).state, 'succeeded');
    assert.equal(stripe.effects.filter((effect) => effect === `succeeded ${renewal.id}`).length, 1);
    const license = await world.see(id);
    assert.equal(license.serial, 2);
    await payBy('pm_visa');
  });

  it('takes no message that is forged, replayed late, cut or of somebody else, and none is believed beyond whom it is about', async () => {
    await payBy('pm_action');
    const { id } = await world.license(tenantId);
    const { body: renewal } = await renew(id);
    await api.installation.runIs('waiting', renewal.runId);
    const event = intentEvent('evt_forged', stripe.of(renewal.id)!.id, 'payment_intent.succeeded');
    const before = await messages();
    const late = { at: Math.floor(Date.now() / 1000) - 301 };
    for (const header of [
      stripeSignature(event, 'whsec_wrong'),
      stripeSignature(event, secret, late),
      stripeSignature(event, secret).slice(0, -2),
      stripeSignature(`${event} `, secret),
      'nonsense',
    ])
      assert.equal((await tell(event, header)).body.code, 'webhook_not_authentic');
    for (const body of ['{"id":"evt_1"}', '[]', '{'])
      assert.equal((await tell(body, stripeSignature(body, secret))).status, 400);
    assert.equal(await messages(), before);
    // Signed, but the service itself says that nothing is paid.
    await tell(event, stripeSignature(event, secret));
    await api.installation.until('the run to look again', 20_000, async () => {
      const [row] = await api.installation.asAdmin<{ looked: boolean }>(
        null,
        'select looked_at > told_at as looked from renewal_payments where renewal_id = $1',
        [renewal.id],
      );
      return row?.looked;
    });
    assert.equal((await api.installation.runIs('waiting', renewal.runId)).state, 'waiting');
    await api.installation.cancelRun(renewal.runId);
    assert.equal((await api.installation.runIsOver(renewal.runId)).state, 'cancelled');
    assert.equal(stripe.of(renewal.id)?.status, 'canceled');
    await payBy('pm_visa');
  });

  it('keeps the key of the service out of the registry and of every history', async () => {
    const [{ found } = { found: 'nothing was looked at' }] = await api.installation.asAdmin<{ found: string | null }>(
      null,
      `select string_agg(text, ' ') as found from (
         select e::text as text from events e union all select s::text from run_steps s union all select r::text from runs r
         union all select p::text from renewal_payments p union all select n::text from license_renewals n) all_of_it
       where text like '%' || $1 || '%'`,
      [canary],
    );
    assert.equal(found, null);
    const { client } = api.installation.temporal;
    const { installation, tenantKeys } = api.installation.platform;
    const codec = new SealedPayloads(installation.keyring, tenantKeys);
    const ids = await api.installation.asAdmin<{ workflow_id: string }>(
      null,
      `select workflow_id from runs where kind = 'renewLicense'`,
    );
    assert.ok(ids.length >= 3);
    for (const { workflow_id: workflowId } of ids) {
      const sealed = await client.workflow.getHandle(workflowId).fetchHistory();
      const history = JSON.stringify(await packHistory(sealed, codec)); // in the clear
      assert.ok(!history.includes(canary) && !history.includes(Buffer.from(canary).toString('base64').slice(0, 16)));
    }
  });

  it('is seen and changed by whose role permits it at this tenant, and by nobody else', async () => {
    const { id } = await world.license(tenantId);
    const reader = await personWith(api.installation, [{ role: 'auditor' }]);
    const asReader = { cookie: reader.cookie };
    const quote = await api.ask('POST', `/api/v1/licenses/${id}/renewals/quote`, { body: {}, ...asReader });
    assert.equal(quote.status, 200, quote.text);
    assert.equal((await api.ask('GET', `/api/v1/license-renewals?licenseId=${id}`, asReader)).status, 200);
    const refused = await api.ask<Problem>('POST', `/api/v1/licenses/${id}/renewals`, { body: {}, ...asReader });
    assert.equal(refused.body.code, 'forbidden');
  });

  it('says what is wrong with what is wanted, by field', async () => {
    const { id } = await world.license(tenantId);
    const path = `/api/v1/licenses/${id}/renewals`;
    const fieldsOf = async (body: object) =>
      (await api.ask<Problem>('POST', path, { body })).body.fields?.map(({ path: at }) => at);
    assert.deepEqual(await fieldsOf({ kind: 'upgrade' }), ['policy']);
    assert.deepEqual(await fieldsOf({ kind: 'co_term' }), ['with']);
    assert.deepEqual(await fieldsOf({ kind: 'co_term', with: id }), ['with']);
    assert.deepEqual(await fieldsOf({ currency: 'EURO' }), ['currency']);
    assert.deepEqual(await fieldsOf({ currency: 'ZZZ' }), ['currency']);
    assert.equal(
      (await api.ask<Problem>('POST', path, { body: { currency: 'JPY' } })).body.code,
      'license_price_missing',
    );
    const prices = '/api/v1/license-policies/nothing/versions/1/prices';
    const priced = async (amount: unknown) =>
      (await api.ask<Problem>('POST', prices, { body: { currency: 'EUR', amount } })).body.code;
    for (const amount of [-1, 1.5, '12', 1e12]) assert.equal(await priced(amount), 'invalid_request');
    assert.equal(await priced(12), 'not_found');
  });
});
