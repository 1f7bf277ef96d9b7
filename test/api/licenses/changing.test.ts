import assert from 'node:assert/strict';
import { eraseRegistry } from '#domain/erasure/registryStores.ts';
import { drainOverrides } from '#domain/licenses/dues/drainOverrides.ts';
import { LicensingWorld } from './licensingWorld.ts';

describe('a licence that was issued', () => {
  let world: LicensingWorld;
  before(async () => (world = await LicensingWorld.start()));
  after(() => world.stop());

  it('is suspended and reinstated, each time signed anew, older files on the list', async () => {
    const licence = await world.licensed({ product: 'suspending' });
    const suspended = await world.change(licence.id, 'suspend');
    assert.deepEqual(
      [suspended.body.state, suspended.body.standing, suspended.body.serial],
      ['suspended', 'suspended', 2],
    );
    assert.equal((await world.claims(suspended.body)).suspended, true);
    const listed = async () =>
      (await world.revocations('suspending')).revoked.map(({ id, serial, reason }) => [id, serial, reason]);
    assert.deepEqual(await listed(), [[licence.id, 1, 'suspended']]);
    assert.equal((await world.change(licence.id, 'suspend')).body.code, 'license_not_active');
    const reinstated = await world.change(licence.id, 'reinstate');
    assert.deepEqual([reinstated.body.state, reinstated.body.serial], ['active', 3]);
    const claims = await world.claims(reinstated.body);
    assert.deepEqual([claims.suspended, claims.serial], [false, 3]);
    assert.equal((await world.change(licence.id, 'reinstate')).body.code, 'license_not_suspended');
  });

  it('is revoked for good, once, whoever asks at the same time', async () => {
    const { id } = await world.licensed({ product: 'revoking' });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.change(id, 'revoke', { reason: 'misuse' })),
    );
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409, 409]);
    const { revoked, number } = await world.revocations('revoking');
    assert.deepEqual([revoked[0]!.id, revoked[0]!.serial, revoked[0]!.reason, revoked.length], [id, null, 'misuse', 1]);
    assert.ok(number >= 1);
    for (const [verb, body] of [
      ['suspend', undefined],
      ['reinstate', undefined],
      ['reissue', {}],
      ['overrides', { name: 'x', entitlement: { flag: true } }],
    ] as const)
      assert.equal((await world.change(id, verb, body)).body.code, 'license_over', verb);
    assert.equal((await world.file(id)).body.code, 'license_over');
    assert.deepEqual(
      (await world.events(id)).map(({ type }) => type),
      ['license.issued', 'license.revoked'],
    );
  });

  it('is reissued by another version of its policy and by the key that signs now; its dates stay', async () => {
    const licence = await world.licensed({ product: 'reissuing' });
    const more = await world.policy({ product: 'reissuing', graceDays: 9, entitlements: { sso: { flag: true } } });
    const rotated = await world.api.ask('POST', '/api/v1/license-products/reissuing/keys/rotate', {
      body: { compromised: true },
    });
    assert.equal(rotated.status, 201, rotated.text);
    const reissued = (await world.change(licence.id, 'reissue', { policy: more, revokeOlder: true })).body;
    assert.deepEqual(
      [reissued.serial, reissued.startsAt, reissued.expiresAt],
      [2, licence.startsAt, licence.expiresAt],
    );
    assert.notEqual(reissued.kid, licence.kid);
    const claims = await world.claims(reissued);
    assert.deepEqual([claims.graceDays, claims.entitlements, claims.policy], [9, { sso: { flag: true } }, more]);
    assert.deepEqual((await world.revocations('reissuing')).revoked[0]!.serial, 1);
    const other = await world.change(licence.id, 'reissue', { policy: await world.policy({ product: 'another' }) });
    assert.equal(other.body.fields?.[0]?.path, 'policy');
  });

  it('keeps the key that signed it published until it is over or signed by another', async () => {
    const licence = await world.licensed({ product: 'keeping' });
    const sql = (text: string) => world.api.installation.asAdmin(null, text);
    await world.api.ask('POST', '/api/v1/license-products/keeping/keys/rotate', { body: { publishSeconds: 0 } });
    await world.licensed({ product: 'keeping' });
    await sql(`update license_keys set retired_at = now() - interval '30 days' where kid = '${licence.kid}'`);
    await world.pem(licence.kid, 'keeping');
    await world.change(licence.id, 'reissue', {});
    await assert.rejects(world.pem(licence.kid, 'keeping'), /is not published/);
  });

  describe('with what overrides its policy', () => {
    const rules = { product: 'overriding', entitlements: { seats: { number: 5 }, sso: { flag: false } } };

    it('grants it until it is taken back', async () => {
      const { id } = await world.licensed(rules);
      const set = await world.change(id, 'overrides', { name: 'seats', entitlement: { number: 50 } });
      assert.deepEqual(set.body.entitlements, { seats: { number: 50 }, sso: { flag: false } });
      assert.deepEqual((await world.claims(set.body)).entitlements['seats'], { number: 50 });
      const back = await world.change(id, 'overrides', { name: 'seats', entitlement: null });
      assert.deepEqual((await world.claims(back.body)).entitlements['seats'], { number: 5 });
      assert.equal(
        (await world.change(id, 'overrides', { name: 'seats', entitlement: null })).body.fields?.[0]?.path,
        'name',
      );
    });

    it('grants it until its time is over, by the clock that is given', async () => {
      const { id } = await world.licensed(rules);
      const until = '2050-02-28T00:00:00Z';
      const [em, { installation }] = [() => world.api.installation.em, world.api.installation.platform];
      const set = await world.change(id, 'overrides', { name: 'beta', entitlement: { flag: true }, until });
      assert.deepEqual(set.body.overrides, [
        { name: 'beta', entitlement: { flag: true }, until: '2050-02-28T00:00:00.000Z' },
      ]);
      const drain = async (now: string) => (await drainOverrides(em(), installation, new Date(now))).licences;
      assert.equal(await drain('2050-02-27T23:59:59Z'), 0);
      const drains = [1, 2, 3].map(() => drain(until));
      assert.equal(
        (await Promise.all(drains)).reduce((sum, done) => sum + done),
        1,
        'it is signed anew once',
      );
      const { body } = await world.api.ask('GET', `/api/v1/licenses/${id}`);
      assert.deepEqual([body['serial'], body['overrides'], body['entitlements']], [3, [], rules.entitlements]);
      assert.deepEqual((await world.events(id)).at(-1)!.data['names'], ['beta']);
    });

    it('refuses what does not fit the policy, the calendar or the past', async () => {
      const { id } = await world.licensed(rules);
      const eternal = await world.licensed({ ...rules, term: { kind: 'perpetual' } });
      const wrong: [string, object, string][] = [
        [id, { name: 'seats', entitlement: { flag: true } }, 'entitlement'],
        [id, { name: 'Seats', entitlement: { flag: true } }, 'name'],
        [id, { name: 'seats', entitlement: { number: 1, flag: true } }, 'entitlement'],
        [id, { name: 'seats', entitlement: { number: 1 }, until: '2020-01-01T00:00:00Z' }, 'until'],
        [id, { name: 'seats', entitlement: { number: 1 }, until: '2200-01-01T00:00:00Z' }, 'until'],
        [eternal.id, { name: 'x', entitlement: { meter: { limit: 1, per: 'term' } } }, 'entitlement.meter.per'],
      ];
      for (const [licence, body, path] of wrong) {
        const answer = await world.change(licence, 'overrides', body);
        assert.deepEqual([answer.status, answer.body.fields?.[0]?.path], [400, path], answer.text);
      }
    });
  });

  it('goes to another tenant where its policy lets it, with all that is left of it', async () => {
    const licence = await world.licensed(
      { product: 'moving', transferable: true },
      { expiresAt: '2040-01-01T00:00:00Z' },
    );
    await world.change(licence.id, 'overrides', { name: 'extra', entitlement: { number: 3 } });
    const to = await world.tenant();
    const raced = await Promise.all([
      world.change(licence.id, 'transfer', { to }),
      world.change(licence.id, 'transfer', { to }),
    ]);
    assert.deepEqual(raced.map(({ status }) => status).toSorted(), [201, 409]);
    const successor = raced.find(({ status }) => status === 201)!.body;
    assert.partialDeepStrictEqual(successor, {
      tenantId: to,
      transferredFrom: licence.id,
      expiresAt: licence.expiresAt,
      entitlements: { extra: { number: 3 } },
    });
    assert.deepEqual((await world.claims(successor)).entitlements, { extra: { number: 3 } });
    assert.equal((await world.claims(successor)).tenant, to);
    const { revoked } = await world.revocations('moving');
    assert.deepEqual([revoked[0]!.id, revoked[0]!.serial, revoked[0]!.reason], [licence.id, null, 'transferred']);
    assert.equal((await world.file(licence.id)).body.code, 'license_over');
  });

  it('stays where its policy keeps it, where it is, and when nobody is there', async () => {
    const kept = await world.licensed();
    const free = await world.licensed({ transferable: true });
    const code = async (id: string, to: string) => (await world.change(id, 'transfer', { to })).body.code;
    assert.equal(await code(kept.id, await world.tenant()), 'license_not_transferable');
    assert.equal(await code(free.id, free.tenantId), 'invalid_request');
    assert.equal(await code(free.id, '019a0000-0000-7000-8000-000000000000'), 'not_found');
  });

  it('of an erased tenant is revoked, and nothing is left that works or tells', async () => {
    const licence = await world.licensed({ product: 'erasing' });
    await world.change(licence.id, 'overrides', { name: 'extra', entitlement: { number: 3 } });
    await world.api.installation.em.transactional((em) => eraseRegistry(em, licence.tenantId));
    const { revoked } = await world.revocations('erasing');
    assert.deepEqual([revoked[0]!.id, revoked[0]!.serial, revoked[0]!.reason], [licence.id, null, 'erased']);
    const [row] = await world.api.installation.asAdmin<{ gone: boolean }>(
      null,
      `select claims is null and sealed_key is null and key_index is null and state = 'revoked' as gone from licenses where id = $1`,
      [licence.id],
    );
    assert.ok(row!.gone);
  });
});
