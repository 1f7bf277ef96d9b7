import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { LicenseValidation } from '#contracts/licenses/uses.ts';
import type { Problem } from '#contracts/problems.ts';
import type { Scope } from '#contracts/permissions.ts';
import { everywhere, nowhere, type Reach } from '#domain/access/grants.ts';
import { isWithinReach, withinReach } from '#domain/access/withinReach.ts';
import { LicenseLookup } from '#domain/licenses/using/licenseLookup.ts';
import { rows } from '#domain/sql.ts';
import { LicensingWorld } from './licensingWorld.ts';

const many = 300;

describe('licences that are asked for together', () => {
  let world: LicensingWorld;
  before(async () => {
    world = await LicensingWorld.start();
  });
  after(() => world.stop());

  const validate = (body: object) =>
    world.api.ask<LicenseValidation & Problem>('POST', '/api/v1/licenses/validate', { body });
  const terminate = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tenantry licences'`;

  it('are each told to whoever asked for it, by what they asked it for', async () => {
    const on = await world.licensed({ entitlements: { sso: { flag: true }, users: { number: 7 } } });
    const off = await world.licensed({ entitlements: { sso: { flag: false } } });
    const { body: typed } = await world.api.ask<{ key: string }>('GET', `/api/v1/licenses/${off.id}/key`);
    const asked: [body: object, expected: object][] = [
      [
        { licenseId: on.id, scope: { entitlement: 'sso' } },
        { code: 'valid', id: on.id, entitlement: { flag: true } },
      ],
      [
        { licenseId: on.id, scope: { entitlement: 'users' } },
        { code: 'valid', id: on.id, entitlement: { number: 7 } },
      ],
      [{ licenseId: on.id }, { code: 'valid', id: on.id, entitlement: null }],
      [{ key: typed.key }, { code: 'valid', id: off.id, entitlement: null }],
      [
        { key: typed.key, scope: { entitlement: 'sso' } },
        { code: 'not_entitled', id: off.id, entitlement: { flag: false } },
      ],
      [{ licenseId: on.tenantId }, { code: 'not_found', id: undefined, entitlement: undefined }],
      [{ key: 'ABCDE' }, { code: 'not_found', id: undefined, entitlement: undefined }],
    ];
    await Promise.all(
      Array.from({ length: many }, async (_, at) => {
        const [body, expected] = asked[at % asked.length]!;
        const { body: told, status, text } = await validate(body);
        assert.equal(status, 200, text);
        const { code, license } = told;
        assert.deepEqual({ code, id: license?.id, entitlement: license?.entitlement }, expected);
      }),
    );
  });

  it('are told to another process as they are at this moment, however often it asked before', async () => {
    const { id } = await world.licensed();
    const other = new LicenseLookup(world.api.installation.platform.configuration.appDatabaseUrl);
    const states = () =>
      Promise.all(
        Array.from({ length: 20 }, async () => {
          const found = await other.find({ id, keyIndex: null, entitlement: null, now: new Date() });
          return found?.state;
        }),
      );
    try {
      assert.deepEqual([...new Set(await states())], ['active']);
      await world.change(id, 'suspend');
      assert.deepEqual([...new Set(await states())], ['suspended']);
      await world.change(id, 'revoke', {});
      assert.deepEqual([...new Set(await states())], ['revoked']);
    } finally {
      await other.close();
    }
  });

  it('are told again after the registry ended the connections, and nobody is told anything wrong meanwhile', async () => {
    const { id } = await world.licensed();
    const asking = Promise.all(Array.from({ length: many }, () => validate({ licenseId: id })));
    await world.api.installation.asAdmin(null, terminate);
    for (const { status, body, text } of await asking)
      assert.equal(body.code as string, status === 200 ? 'valid' : 'dependency_down', text);
    await world.api.installation.asAdmin(null, terminate); // idle ones, too
    await world.api.installation.until(
      'an answer',
      10_000,
      async () => (await validate({ licenseId: id })).status === 200,
    );
  });

  it('are in reach by what was read of them exactly where a statement would find them', async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    const { em } = world.api.installation;
    const [{ plan }] = (await rows<{ plan: string }>(em)`select plan from tenants where id = ${one}`) as [
      { plan: string },
    ];
    const withins: (Scope | null)[] = [
      null,
      { kind: 'platform' },
      { kind: 'plan', plan },
      { kind: 'plan', plan: 'none' },
      { kind: 'tenant', tenantId: one },
      { kind: 'tenant', tenantId: other },
    ];
    const reaches: Reach[] = [
      everywhere,
      nowhere,
      { ...nowhere, plans: new Set([plan]) },
      { ...nowhere, plans: new Set(['none']) },
      { ...nowhere, tenants: new Set([one]) },
    ];
    for (const reach of reaches.flatMap((reached) => withins.map((within) => ({ ...reached, within })))) {
      const found = await rows<{ id: string }>(em)`
        select t.id from tenants t where t.id = any(${[one, other]}::uuid[]) and ${withinReach(reach, sql`t.id`)}`;
      assert.deepEqual(
        [one, other].filter((tenantId) => isWithinReach(reach, { tenantId, plan })),
        [one, other].filter((id) => found.some((row) => row.id === id)),
        JSON.stringify(reach, (_key, value: unknown) => (value instanceof Set ? [...value] : value)),
      );
    }
  });
});
