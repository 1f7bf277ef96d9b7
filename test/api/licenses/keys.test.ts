import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import type { LicenseKeys } from '#contracts/licenses/keys.ts';
import type { Problem } from '#contracts/problems.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { revocationListOf, revokeOnList } from '#domain/licenses/keys/revocationList.ts';
import { licenseSignerOf, listLicenseKeys, rotateLicenseKey } from '#domain/licenses/keys/signingKeys.ts';
import type { RevocationClaims } from '#packages/license/src/writing.ts';
import { ApiInstallation } from '../apiInstallation.ts';
import { claimsOf, envelopeOf } from './readFile.ts';
import { smallPolicy } from './smallPolicy.ts';

describe('keys that sign licences', () => {
  let api: ApiInstallation;
  before(async () => (api = await ApiInstallation.start()));
  after(() => api.stop());

  const day = 86_400_000;
  const start = new Date('2027-02-28T12:00:00Z');
  const later = (days: number) => new Date(start.getTime() + days * day);
  let products = 0;
  const newProduct = async (): Promise<string> => {
    const product = `product-${++products}`;
    const body = { baseVersion: 0, rules: { ...smallPolicy, product } };
    const { status, text } = await api.ask('POST', `/api/v1/license-policies/${product}/versions`, { body });
    assert.equal(status, 201, text);
    return product;
  };
  const installation = () => api.installation.platform.installation;
  const em = () => api.installation.em;
  const signer = (product: string, now: Date) => licenseSignerOf(em(), installation(), product, now);
  const keys = (product: string, now: Date) => listLicenseKeys(em(), installation(), product, now);
  const rotate = (product: string, now: Date, days: number, compromised = false) =>
    em().transactional((tx) =>
      rotateLicenseKey(tx, installation(), product, { publishSeconds: days * 86_400, compromised, now }, theSystem),
    );
  const list = (product: string, now: Date) => revocationListOf(em(), installation(), product, now);
  const publicKeys = async (product: string) =>
    (await api.ask<LicenseKeys>('GET', `/api/v1/license-products/${product}/keys`, { cookie: null })).body.keys;

  it('are made when they are first needed, once, whoever asks at the same time', async () => {
    const product = await newProduct();
    const asked = await Promise.all(Array.from({ length: 8 }, () => publicKeys(product)));
    assert.equal(new Set(asked.map(([key]) => key!.kid)).size, 1);
    const [key] = asked[0]!;
    const thumbprint = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${key!.x}"}`).digest('base64url');
    assert.equal(key!.kid, thumbprint);
    assert.match(key!.pem, /^-----BEGIN PUBLIC KEY-----\n/);
  });

  it('rest sealed, and leave nothing of themselves in answers, logs and events', async () => {
    const product = await newProduct();
    const { kid } = await signer(product, start);
    const [row] = await api.installation.asAdmin<{ sealed_private: Buffer }>(
      null,
      'select sealed_private from license_keys where kid = $1',
      [kid],
    );
    // 48 bytes of PKCS #8, nonce and tag; its fixed beginning is not to be seen.
    assert.equal(row!.sealed_private.length, 48 + 28);
    assert.ok(!row!.sealed_private.includes(Buffer.from('302e020100300506032b6570', 'hex')));
    const { text } = await api.ask('GET', `/api/v1/license-products/${product}/keys`);
    assert.doesNotMatch(text, /"d":|PRIVATE/);
    assert.ok(!api.logLines.some((line) => line.includes('PRIVATE')));
  });

  it('follow each other with overlap: published, then signing, and verifying still', async () => {
    const product = await newProduct();
    const old = await signer(product, start);
    await rotate(product, start, 7);
    assert.equal((await signer(product, later(6.9))).kid, old.kid, 'it is published and does not sign yet');
    const [next, current] = await keys(product, later(1));
    assert.deepEqual([next!.state, current!.state, current!.kid], ['next', 'current', old.kid]);
    assert.equal(next!.signsFrom, later(7).toISOString());
    await assert.rejects(rotate(product, later(2), 7), { code: 'license_key_rotating' });
    assert.equal((await signer(product, later(7))).kid, next!.kid);
    const states = (await keys(product, later(8))).map(({ kid, state }) => [kid, state]);
    assert.deepEqual(states, [
      [next!.kid, 'current'],
      [old.kid, 'retired'],
    ]);
    const [row] = await api.installation.asAdmin<{ gone: boolean }>(
      null,
      'select sealed_private is null as gone from license_keys where kid = $1',
      [old.kid],
    );
    assert.ok(row!.gone, 'what signs no more cannot sign any more');
  });

  it('that somebody else may have sign and verify nothing from then on', async () => {
    const product = await newProduct();
    const stolen = await signer(product, start);
    await rotate(product, start, 7, true);
    const next = await signer(product, start);
    assert.notEqual(next.kid, stolen.kid);
    assert.deepEqual(
      (await keys(product, start)).map(({ kid }) => kid),
      [next.kid],
    );
    await rotate(product, later(1), 30);
    await rotate(product, later(2), 0, true);
    const left = await keys(product, later(2));
    assert.deepEqual(
      left.map(({ state }) => state),
      ['current'],
      'what was published to follow takes over at once',
    );
    const told = await api.installation.asAdmin<{ type: string }>(
      null,
      'select type from events where stream = $1 order by version',
      [`license_product:${product}`],
    );
    assert.deepEqual(
      told.map(({ type }) => type.split('.')[1]),
      ['key_compromised', 'key_rotated', 'key_compromised'],
    );
  });

  it('of no product are not found, and are not made by asking', async () => {
    for (const path of ['keys', 'revocations']) {
      const answer = await api.ask<Problem>('GET', `/api/v1/license-products/nothing/${path}`, { cookie: null });
      assert.deepEqual([answer.status, answer.body.code], [404, 'not_found']);
    }
    const body = { publishSeconds: -1 };
    const refused = await api.refusal('POST', '/api/v1/license-products/nothing/keys/rotate', { body });
    assert.equal(refused.fields?.[0]?.path, 'publishSeconds');
  });

  describe('sign the list of what is revoked', () => {
    const revoke = (product: string, serial: number | null, licenseId: string = randomUUID()) =>
      em().transactional((tx) =>
        revokeOnList(tx, { licenseId, product, serial, reason: 'unpaid', at: new Date('2027-03-01T00:00:00.999Z') }),
      );

    it('by a number that grows with each issue, the same text for the same number', async () => {
      const product = await newProduct();
      const lists = await Promise.all(Array.from({ length: 8 }, () => list(product, start)));
      assert.equal(new Set(lists.map(({ text }) => text)).size, 1);
      const [key] = await keys(product, start);
      const first = claimsOf<RevocationClaims>(lists[0]!.text, key!.pem);
      assert.deepEqual([first.number, first.issuedAt, first.revoked], [1, '2027-02-28T12:00:00Z', []]);
      assert.equal((await list(product, later(0.9))).number, 1);
      assert.equal((await list(product, later(1))).number, 2, 'its date proves contact, so it is issued each day');
      const id = randomUUID();
      await revoke(product, 3, id);
      const listed = await list(product, later(1));
      assert.equal(listed.number, 3);
      assert.deepEqual(claimsOf<RevocationClaims>(listed.text, key!.pem).revoked, [
        { id, serial: 3, at: '2027-03-01T00:00:00Z', reason: 'unpaid' },
      ]);
      await revoke(product, null, id);
      await revoke(product, 9, id);
      const { number, text } = await list(product, later(1));
      assert.equal(number, 5);
      assert.equal(claimsOf<RevocationClaims>(text, key!.pem).revoked[0]!.serial, null, 'what is over stays so');
    });

    it('whose number grows in the transaction that revokes, or not at all', async () => {
      const product = await newProduct();
      await list(product, start);
      await assert.rejects(
        em().transactional(async (tx) => {
          await revokeOnList(tx, { licenseId: randomUUID(), product, serial: null, reason: 'misuse', at: start });
          throw new Error('taken back');
        }),
      );
      assert.equal((await list(product, start)).number, 1);
      await Promise.all(Array.from({ length: 10 }, () => revoke(product, null)));
      const answer = await api.ask('GET', `/api/v1/license-products/${product}/revocations`, { cookie: null });
      const [key] = await publicKeys(product);
      const { number, revoked } = claimsOf<RevocationClaims>(answer.text, key!.pem);
      assert.deepEqual([number, revoked.length], [11, 10]);
      assert.deepEqual(
        revoked,
        revoked.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
      );
    });

    it('anew by the key that follows', async () => {
      const product = await newProduct();
      const before = await list(product, start);
      await rotate(product, start, 0.5);
      const after = await list(product, later(0.6));
      assert.equal(after.number, before.number + 1);
      assert.notEqual(envelopeOf(after.text).kid, envelopeOf(before.text).kid);
    });
  });
});
