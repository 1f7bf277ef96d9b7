import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { LicenseKeys } from '#contracts/licenses/keys.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import { createVerifier, type Asked, type Verifier } from '#packages/license/src/index.ts';
import { LicensingWorld } from './licensingWorld.ts';

/** What the server issues, as a product takes it that never asks the server. */
describe('licences that are verified offline', () => {
  let world: LicensingWorld;
  before(async () => (world = await LicensingWorld.start()));
  after(() => world.stop());

  const keysOf = async (product: string) =>
    (await world.api.ask<LicenseKeys>('GET', `/api/v1/license-products/${product}/keys`, { cookie: null })).body.keys;
  const listOf = async (product: string) =>
    (await world.api.ask('GET', `/api/v1/license-products/${product}/revocations`, { cookie: null })).text;
  /** By the keys as they are published now. */
  const verifierOf = async (product: string, clock?: () => number): Promise<Verifier> =>
    createVerifier({ product, keys: await keysOf(product), clock });
  const stateOf = async (verifier: Verifier, licence: License, asked: Asked = {}, search = '') =>
    verifier.verify((await world.file(licence.id, search)).text, asked).state;

  it('are what they were issued as: tenant, machine, time and secrecy', async () => {
    const machine = createHash('sha256').update('m').digest('hex');
    const licence = await world.licensed(
      { product: 'offline' },
      { binding: [machine], expiresAt: '2090-01-01T00:00:00Z' },
    );
    const verifier = await verifierOf('offline');
    const { tenantId: tenant } = licence;
    assert.equal(await stateOf(verifier, licence, { tenant, machine }), 'valid');
    assert.equal(await stateOf(verifier, licence, { tenant: licence.id, machine }), 'wrong_tenant');
    assert.equal(
      await stateOf(verifier, licence, { tenant, machine: machine.replace(/^./, '0').replace(/.$/, '0') }),
      'wrong_machine',
    );
    const { body } = await world.api.ask<{ key: string }>('GET', `/api/v1/licenses/${licence.id}/key`);
    const typed = body.key.toLowerCase();
    assert.equal(await stateOf(verifier, licence, { tenant, machine, licenseKey: typed }, '?encrypted=true'), 'valid');
    assert.equal(await stateOf(verifier, licence, { tenant, machine }, '?encrypted=true'), 'locked');
    const late = await verifierOf('offline', () => Date.parse('2090-01-01T00:00:00Z'));
    assert.equal(await stateOf(late, licence, { machine }), 'expired');
  });

  it('are suspended, reinstated, revoked and followed by others as the lists say', async () => {
    const licence = await world.licensed({ product: 'listed', transferable: true });
    const first = (await world.file(licence.id)).text;
    const verifier = await verifierOf('listed');
    const takeList = async () => assert.equal(verifier.updateRevocations(await listOf('listed')).state, 'accepted');
    await takeList();
    assert.equal(verifier.verify(first).state, 'valid');
    const suspended = (await world.change(licence.id, 'suspend')).body;
    await takeList();
    assert.equal(verifier.verify(first).state, 'revoked', 'the file from before is not to be used instead');
    assert.equal(await stateOf(verifier, suspended), 'suspended');
    const reinstated = (await world.change(licence.id, 'reinstate')).body;
    await takeList();
    assert.equal(await stateOf(verifier, reinstated), 'valid');
    assert.equal(verifier.verify(first).state, 'revoked');
    const last = (await world.file(licence.id)).text;
    const moved = await world.change(licence.id, 'transfer', { to: await world.tenant() });
    await takeList();
    assert.equal(verifier.verify(last).state, 'revoked');
    assert.equal(await stateOf(verifier, moved.body), 'valid');
  });

  it('are believed over a rotation by who has taken the next key while it was published', async () => {
    const before = await world.licensed({ product: 'rotated' });
    await world.api.ask('POST', '/api/v1/license-products/rotated/keys/rotate', { body: { publishSeconds: 1 } });
    const verifier = await verifierOf('rotated');
    const after = await world.api.installation.until('the next key to sign', 20_000, async () => {
      const licence = await world.licensed({ product: 'rotated' });
      return licence.kid === before.kid ? undefined : licence;
    });
    assert.deepEqual([await stateOf(verifier, before), await stateOf(verifier, after)], ['valid', 'valid']);
    const old = createVerifier({
      product: 'rotated',
      keys: (await keysOf('rotated')).filter(({ kid }) => kid === before.kid),
    });
    assert.equal(await stateOf(old, after), 'unknown_kid');
  });
});
