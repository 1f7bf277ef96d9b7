import assert from 'node:assert/strict';
import type { Answer } from '../apiInstallation.ts';
import type { OperationId, RouteCase, World } from '../cases/routeCases.ts';
import { smallPolicy } from './smallPolicy.ts';

type UsageRoute = Extract<
  OperationId,
  | 'tellLicenseUsage'
  | 'readLicenseMeters'
  | 'readLicenseAnalytics'
  | 'readLicenseUsage'
  | 'readLicenseSeats'
  | 'exportLicenseReport'
>;

let count = 0;

/** A success for every route about usage and figures. */
export function usageCases(world: World): Record<UsageRoute, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

  async function metered(): Promise<string> {
    const name = `metered-${++count}`;
    const entitlements = { 'api.calls': { meter: { limit: 10, per: 'month' } } };
    await world.api.ask('POST', `/api/v1/license-policies/${name}/versions`, {
      body: { baseVersion: 0, rules: { ...smallPolicy, entitlements } },
    });
    const { status, text, body } = await world.api.ask('POST', `/api/v1/tenants/${world.active.tenantId}/licenses`, {
      body: { policy: { name, version: 1 } },
    });
    assert.equal(status, 201, text);
    return String(body['id']);
  }
  const event = (licenseId: string) => ({
    events: [{ id: 'one', licenseId, meter: 'api.calls', quantity: 3, at: new Date().toISOString() }],
  });

  return {
    tellLicenseUsage: {
      succeeds: async () => ({ body: event(await metered()) }),
      shows: is({ accepted: 1, known: 0, refused: [] }),
    },
    readLicenseMeters: {
      async succeeds() {
        const licenseId = await metered();
        await world.api.ask('POST', '/api/v1/licenses/usage', { body: event(licenseId) });
        return { params: { licenseId } };
      },
      shows: is({ items: [{ name: 'api.calls', used: 3, limit: 10, per: 'month', exceeded: false }] }),
    },
    readLicenseAnalytics: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.equal((body['renewals'] as object[]).length, 12),
    },
    readLicenseUsage: { succeeds: async () => ({}), shows: ({ body }) => assert.ok(Array.isArray(body['series'])) },
    readLicenseSeats: {
      async succeeds() {
        await metered();
        return {};
      },
      shows: ({ body }) => assert.partialDeepStrictEqual((body['items'] as object[])[0], { seats: { limit: null } }),
    },
    exportLicenseReport: {
      succeeds: async () => ({ params: { report: 'seats' } }),
      shows({ text, headers }) {
        assert.match(text, /^license,tenant,tenant_name,product,plan,seats,seat_limit,machines,machine_limit\r\n/);
        assert.match(headers['content-disposition'] ?? '', /filename="licences-seats-\d{4}-\d\d-\d\d\.csv"/);
      },
    },
  };
}
