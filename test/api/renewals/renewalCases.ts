import assert from 'node:assert/strict';
import type { renewalsRoutes } from '#api/routeTable/renewals.ts';
import type { Answer } from '../apiInstallation.ts';
import type { RouteCase, World } from '../cases/routeCases.ts';
import { smallPolicy } from '../licenses/smallPolicy.ts';
import { intentEvent, stripeSignature } from './stripeSigning.ts';

let count = 0;
/** Of the installation that {@link renewalCases} are for. */
export const webhookSecret = 'whsec_routes';

/** A success for every route about renewals and what they cost. */
export function renewalCases(world: World): Record<keyof typeof renewalsRoutes, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

  /** With one version, which has a price. */
  async function policy(): Promise<{ name: string; version: string }> {
    const name = `priced-${++count}`;
    await world.api.ask('POST', `/api/v1/license-policies/${name}/versions`, {
      body: { baseVersion: 0, rules: smallPolicy },
    });
    const path = `/api/v1/license-policies/${name}/versions/1/prices`;
    const { status, text } = await world.api.ask('POST', path, { body: { currency: 'EUR', amount: 12_000 } });
    assert.equal(status, 201, text);
    return { name, version: '1' };
  }

  async function license(): Promise<string> {
    const { name } = await policy();
    const { status, text, body } = await world.api.ask('POST', `/api/v1/tenants/${world.active.tenantId}/licenses`, {
      body: { policy: { name, version: 1 } },
    });
    assert.equal(status, 201, text);
    return String(body['id']);
  }

  async function renewal(): Promise<{ renewalId: string; runId: string }> {
    const path = `/api/v1/licenses/${await license()}/renewals`;
    const { status, text, body } = await world.api.ask('POST', path, { body: { kind: 'renewal' } });
    assert.equal(status, 202, text);
    return { renewalId: String(body['id']), runId: String(body['runId']) };
  }
  const ofTenant = () => ({ params: { tenantId: world.active.tenantId } });

  return {
    listLicensePrices: {
      succeeds: async () => ({ params: await policy() }),
      shows: is({ items: [{ currency: 'EUR', amount: 12_000 }] }),
    },
    setLicensePrice: {
      succeeds: async () => ({ params: await policy(), body: { currency: 'JPY', amount: 1_500 } }),
      shows: is({ items: [{ currency: 'EUR' }, { currency: 'JPY', amount: 1_500 }] }),
    },
    readTenantBilling: {
      succeeds: async () => ofTenant(),
      shows: is({ provider: 'manual', stripe: null }),
    },
    updateTenantBilling: {
      succeeds: async () => ({ ...ofTenant(), body: { provider: 'manual', currency: 'EUR' } }),
      shows: is({ provider: 'manual', currency: 'EUR' }),
    },
    quoteLicenseRenewal: {
      succeeds: async () => ({ params: { licenseId: await license() }, body: { kind: 'renewal' } }),
      shows: is({ currency: 'EUR', amount: 12_000, lines: [{ what: 'term', terms: 1 }], test: false }),
    },
    renewLicense: {
      succeeds: async () => ({ params: { licenseId: await license() }, body: { kind: 'renewal' } }),
      shows: is({ cause: 'asked', state: 'open', quote: { amount: 12_000 } }),
    },
    listLicenseRenewals: {
      async succeeds() {
        await renewal();
        return {};
      },
      shows: ({ body }) => assert.partialDeepStrictEqual((body['items'] as object[])[0], { state: 'open' }),
    },
    readLicenseRenewal: {
      succeeds: async () => ({ params: { renewalId: (await renewal()).renewalId } }),
      shows: is({ state: 'open', quote: { kind: 'renewal' } }),
    },
    settleRenewalPayment: {
      async succeeds() {
        const { renewalId, runId } = await renewal();
        await world.api.installation.runIs('waiting', runId);
        return { params: { renewalId }, body: { outcome: 'paid', reference: 'INV-2027/0815' } };
      },
      shows: is({ payment: { provider: 'manual', reference: 'INV-2027/0815' } }),
    },
    cancelLicenseAtTermEnd: {
      succeeds: async () => ({ params: { licenseId: await license() } }),
      shows: ({ body }) => assert.match(String(body['cancelledAtEndAt']), /^20/),
    },
    takeStripeMessage: {
      async succeeds() {
        const body = intentEvent('evt_1', 'pi_1');
        const headers = {
          'stripe-signature': stripeSignature(body, webhookSecret),
          'content-type': 'application/json',
        };
        return { raw: body, headers, cookie: null };
      },
      shows: is({ received: true }),
    },
    keepLicense: {
      async succeeds() {
        const licenseId = await license();
        await world.api.ask('POST', `/api/v1/licenses/${licenseId}/cancel-at-term-end`);
        return { params: { licenseId } };
      },
      shows: is({ cancelledAtEndAt: null }),
    },
  };
}
