import assert from 'node:assert/strict';
import type { licensesRoutes } from '#api/routeTable/licenses.ts';
import type { Answer } from '../apiInstallation.ts';
import type { RouteCase, World } from '../cases/routeCases.ts';
import { TestAccount } from '../signIn/testAccount.ts';
import { smallPolicy } from './smallPolicy.ts';
import { usageCases } from './usageCases.ts';

let count = 0;
type LicenseOperation =
  | 'listLicenses'
  | 'issueLicense'
  | 'readLicense'
  | 'listLicenseDues'
  | 'readLicenseKey'
  | 'downloadLicense'
  | 'suspendLicense'
  | 'reinstateLicense'
  | 'revokeLicense'
  | 'reissueLicense'
  | 'overrideLicenseEntitlement'
  | 'transferLicense';

/** A success for every route about licences. */
export function licenseCases(world: World): Record<keyof typeof licensesRoutes, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

  /** The name of a policy with one version. */
  async function policy(): Promise<string> {
    const name = `policy-${++count}`;
    const { status, text } = await world.api.ask('POST', `/api/v1/license-policies/${name}/versions`, {
      body: { baseVersion: 0, rules: smallPolicy },
    });
    assert.equal(status, 201, text);
    return name;
  }

  /** One of its own, which a policy names. */
  async function product(): Promise<string> {
    const name = `product-${++count}`;
    await world.api.ask('POST', `/api/v1/license-policies/${name}/versions`, {
      body: { baseVersion: 0, rules: { ...smallPolicy, product: name } },
    });
    return name;
  }

  /** A licence of the active tenant, which may go to another. */
  async function license(more: object = {}): Promise<string> {
    const name = `policy-${++count}`;
    await world.api.ask('POST', `/api/v1/license-policies/${name}/versions`, {
      body: { baseVersion: 0, rules: { ...smallPolicy, transferable: true } },
    });
    const { status, text, body } = await world.api.ask('POST', `/api/v1/tenants/${world.active.tenantId}/licenses`, {
      body: { policy: { name, version: 1 }, ...more },
    });
    assert.equal(status, 201, text);
    return String(body['id']);
  }
  const ofLicense = async (body?: object) => ({
    params: { licenseId: await license() },
    ...(body ? { body } : {}),
  });
  const act = async (licenseId: string, verb: string) =>
    void (await world.api.ask('POST', `/api/v1/licenses/${licenseId}/${verb}`));

  const ofLicenses: Record<LicenseOperation, RouteCase> = {
    listLicenses: {
      async succeeds() {
        await license();
        return {};
      },
      shows: ({ body }) =>
        assert.partialDeepStrictEqual((body['items'] as object[])[0], { product: 'suite', state: 'active' }),
    },
    issueLicense: {
      succeeds: async () => ({
        params: { tenantId: world.active.tenantId },
        body: { policy: { name: await policy(), version: 1 }, startsAt: '2028-02-29T00:00:00Z', test: true },
      }),
      shows: is({ serial: 1, test: true, standing: 'not_yet_valid', expiresAt: '2029-02-28T00:00:00.000Z' }),
    },
    readLicense: { succeeds: () => ofLicense(), shows: is({ serial: 1, standing: 'valid', overrides: [] }) },
    listLicenseDues: {
      succeeds: () => ofLicense(),
      shows: ({ body }) =>
        assert.partialDeepStrictEqual((body['items'] as object[])[0], { kind: 'reminder', days: -60, state: 'open' }),
    },
    readLicenseKey: {
      succeeds: () => ofLicense(),
      shows: ({ body }) => assert.match(String(body['key']), /^(?:[0-9A-HJKMNP-TV-Z]{5}-?){5}$/),
    },
    downloadLicense: {
      succeeds: () => ofLicense(),
      shows: ({ text, headers }) => {
        assert.match(text, /^-----BEGIN TENANTRY LICENSE-----\n/);
        assert.match(headers['content-disposition'] ?? '', /filename="suite-[0-9a-f-]{36}\.lic"/);
      },
    },
    suspendLicense: { succeeds: () => ofLicense(), shows: is({ state: 'suspended', serial: 2 }) },
    reinstateLicense: {
      async succeeds() {
        const licenseId = await license();
        await act(licenseId, 'suspend');
        return { params: { licenseId } };
      },
      shows: is({ state: 'active', serial: 3 }),
    },
    revokeLicense: { succeeds: () => ofLicense({ reason: 'unpaid' }), shows: is({ state: 'revoked' }) },
    reissueLicense: { succeeds: () => ofLicense({ revokeOlder: true }), shows: is({ serial: 2 }) },
    overrideLicenseEntitlement: {
      succeeds: () => ofLicense({ name: 'projects', entitlement: { number: 7 }, until: '2199-01-01T00:00:00Z' }),
      shows: is({ serial: 2, entitlements: { projects: { number: 7 } } }),
    },
    transferLicense: {
      async succeeds() {
        const { tenantId } = await world.api.installation.provision({ name: `Taker ${++count}` });
        return ofLicense({ to: tenantId });
      },
      shows: is({ serial: 1, state: 'active' }),
    },
  };

  const checkedOut = async (): Promise<string> => {
    const body = { licenseId: await license(), kind: 'seat', holder: 'somebody' };
    return String((await world.api.ask('POST', '/api/v1/licenses/check-out', { body })).body['useId']);
  };
  const ofUses: Record<'validateLicense' | 'checkOutLicense' | 'heartbeatLicense' | 'checkInLicense', RouteCase> = {
    validateLicense: {
      succeeds: async () => ({ body: { licenseId: await license(), scope: { product: 'suite' } } }),
      shows: is({ valid: true, code: 'valid', license: { product: 'suite' } }),
    },
    checkOutLicense: {
      succeeds: async () => ({ body: { licenseId: await license(), kind: 'seat', holder: 'somebody' } }),
      shows: is({ used: 1, limit: null, overage: false, diesAt: null }),
    },
    heartbeatLicense: {
      succeeds: async () => ({ body: { useId: await checkedOut() } }),
      shows: is({ diesAt: null }),
    },
    checkInLicense: {
      succeeds: async () => ({ body: { useId: await checkedOut() } }),
      shows: is({ released: true }),
    },
  };

  const ofPages: Record<
    'listLicenseUses' | 'takeLicenseUseAway' | 'listLicenseHistory' | 'listPortalLicenses' | 'downloadPortalLicense',
    RouteCase
  > = {
    listLicenseUses: {
      async succeeds() {
        const licenseId = await license();
        const body = { licenseId, kind: 'seat', holder: 'somebody' };
        await world.api.ask('POST', '/api/v1/licenses/check-out', { body });
        return { params: { licenseId } };
      },
      shows: ({ body, text }) => {
        is({ seats: { limit: null, used: 1 }, machines: { used: 0 } })({ body } as Answer);
        assert.partialDeepStrictEqual((body['items'] as object[])[0], { kind: 'seat', diesAt: null });
        assert.ok(!text.includes('somebody'));
      },
    },
    takeLicenseUseAway: {
      async succeeds() {
        const licenseId = await license();
        const body = { licenseId, kind: 'seat', holder: 'somebody' };
        const { body: use } = await world.api.ask('POST', '/api/v1/licenses/check-out', { body });
        return { params: { licenseId, useId: String(use['useId']) } };
      },
      shows: ({ text }) => assert.equal(text, ''),
    },
    listLicenseHistory: {
      succeeds: () => ofLicense(),
      shows: ({ body }) =>
        assert.partialDeepStrictEqual((body['items'] as object[])[0], { type: 'license.issued', by: { kind: 'user' } }),
    },
    listPortalLicenses: {
      async succeeds() {
        await license();
        const { cookie } = await TestAccount.joinTenant(world.api, world.active);
        return { params: { slug: world.active.slug }, cookie };
      },
      shows: ({ body }) =>
        assert.partialDeepStrictEqual((body['items'] as object[])[0], {
          product: 'suite',
          standing: 'valid',
          seats: { limit: null, used: 0 },
        }),
    },
    downloadPortalLicense: {
      async succeeds() {
        const licenseId = await license();
        const { cookie } = await TestAccount.joinTenant(world.api, world.active, 'tenant-admin');
        return { params: { slug: world.active.slug, licenseId }, cookie };
      },
      shows: ({ text }) => assert.match(text, /^-----BEGIN [A-Z ]+-----/),
    },
  };

  return {
    ...ofUses,
    ...ofPages,
    ...usageCases(world),
    listLicensePolicies: {
      async succeeds() {
        await policy();
        return {};
      },
      shows: ({ body }) =>
        assert.partialDeepStrictEqual((body['items'] as object[])[0], { version: 1, product: 'suite', term: 'P1Y' }),
    },
    readLicensePolicy: {
      succeeds: async () => ({ params: { name: await policy() } }),
      shows: is({ latest: { version: 1, rules: { graceDays: 0 } }, versions: [{ version: 1, plans: [] }] }),
    },
    readLicensePolicyVersion: {
      succeeds: async () => ({ params: { name: await policy(), version: '1' } }),
      shows: is({ version: 1, rules: { seats: { limit: null }, reminders: { before: [60, 30, 14, 7, 1] } } }),
    },
    createLicensePolicyVersion: {
      succeeds: async () => ({ params: { name: await policy() }, body: { baseVersion: 1, rules: smallPolicy } }),
      shows: is({ version: 2, plans: [] }),
    },
    readPlanLicensing: {
      succeeds: async () => ({ params: { plan: 'standard' } }),
      shows: is({ plan: 'standard' }),
    },
    updatePlanLicensing: {
      async succeeds() {
        const { body } = await world.api.ask('GET', '/api/v1/plans/standard/license-policy');
        const to = { name: await policy(), version: 1 };
        return { params: { plan: 'standard' }, body: { policy: to, expected: body['policy'] } };
      },
      shows: is({ plan: 'standard', policy: { version: 1 } }),
    },
    listLicenseProducts: {
      async succeeds() {
        await policy();
        return {};
      },
      shows: ({ body }) => assert.equal((body['items'] as { name: string }[]).at(-1)?.name, 'suite'),
    },
    readLicenseKeys: {
      succeeds: async () => ({ params: { product: await product() }, cookie: null }),
      shows({ body, headers }) {
        assert.partialDeepStrictEqual(body, { keys: [{ kty: 'OKP', crv: 'Ed25519', state: 'current' }] });
        assert.equal(headers['cache-control'], 'public, max-age=300');
      },
    },
    rotateLicenseKey: {
      succeeds: async () => ({ params: { product: await product() }, body: { publishSeconds: 3_600 } }),
      shows: is({ keys: [{ state: 'next' }, { state: 'current' }] }),
    },
    ...ofLicenses,
    reissueLicensesOfKey: {
      async succeeds() {
        const name = await product();
        await world.api.ask('POST', `/api/v1/tenants/${world.active.tenantId}/licenses`, {
          body: { policy: { name, version: 1 } },
        });
        const path = `/api/v1/license-products/${name}/keys`;
        const { body } = await world.api.ask('GET', path);
        const [{ kid } = { kid: '' }] = body['keys'] as { kid: string }[];
        await world.api.ask('POST', `${path}/rotate`, { body: { publishSeconds: 0, compromised: true } });
        return { params: { product: name, kid } };
      },
      shows: is({ licenses: 1 }),
    },
    readRevocationList: {
      succeeds: async () => ({ params: { product: await product() }, cookie: null }),
      shows({ text, headers }) {
        assert.match(text, /^-----BEGIN TENANTRY REVOCATIONS-----\n/);
        assert.equal(headers['cache-control'], 'public, max-age=60');
      },
    },
  };
}
