import assert from 'node:assert/strict';
import { revocationListOf } from '#domain/licenses/keys/revocationList.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import { createVerifier } from '#packages/license/src/index.ts';
import type { RevocationClaims } from '#packages/license/src/writing.ts';
import { LicensingWorld } from './licensingWorld.ts';
import { claimsOf } from './readFile.ts';

const day = 86_400_000;

describe('entries of a list of revocations', () => {
  let world: LicensingWorld;
  before(async () => (world = await LicensingWorld.start()));
  after(() => world.stop());

  let products = 0;
  async function revoked(rules: object = {}, change?: (licence: License) => Promise<unknown>) {
    const product = `outlived-${++products}`;
    const licence = await world.licensed({ product, term: { kind: 'term', period: 'P1M' }, graceDays: 5, ...rules });
    const { text: file } = await world.file(licence.id);
    await change?.(licence);
    assert.equal((await world.change(licence.id, 'revoke', { reason: 'unpaid' })).status, 200);
    return { product, licence, file };
  }
  async function listAt(product: string, at: Date) {
    const { installation } = world.api;
    const { text } = await revocationListOf(installation.em, installation.platform.installation, product, at);
    const { kid, pem } = await currentKey(product);
    assert.ok(kid);
    return { text, ...claimsOf<RevocationClaims>(text, pem) };
  }
  const currentKey = async (product: string) => {
    const { body } = await world.api.ask<{ keys: { kid: string; pem: string }[] }>(
      'GET',
      `/api/v1/license-products/${product}/keys`,
    );
    return body.keys[0]!;
  };
  const endOf = ({ overAt }: License, days: number) => new Date(Date.parse(overAt!) + days * day);

  it('leave it a month after the last file of the licence is over, and its number goes on growing', async () => {
    const { product, licence } = await revoked();
    const first = await listAt(product, new Date());
    const still = await listAt(product, endOf(licence, 29));
    const after = await listAt(product, endOf(licence, 31));
    assert.deepEqual(
      [first, still, after].map((one) => one.revoked.map(({ id }) => id)),
      [[licence.id], [licence.id], []],
    );
    assert.ok(first.number < still.number && still.number < after.number);
  });

  it('let nobody in whose clock is set back to when the file was good', async () => {
    const { product, licence, file } = await revoked();
    const { text } = await listAt(product, endOf(licence, 31));
    const { body } = await world.api.ask<{ keys: [] }>('GET', `/api/v1/license-products/${product}/keys`);
    const judge = (at: Date) =>
      createVerifier({ product, keys: body.keys, revocations: text, clock: () => at.getTime() }).verify(file).state;
    assert.equal(judge(new Date(Date.parse(licence.startsAt) + day)), 'clock_rolled_back');
    assert.equal(judge(endOf(licence, 32)), 'expired');
  });

  it('stay for the longest of all files that were ever signed', async () => {
    const { product, licence } = await revoked({}, async ({ id }) => {
      const longer = await world.policy({
        product: `outlived-${products}`,
        graceDays: 20,
        term: { kind: 'term', period: 'P1M' },
      });
      const shorter = await world.policy({ product: `outlived-${products}`, term: { kind: 'term', period: 'P1M' } });
      for (const policy of [longer, shorter]) assert.equal((await world.change(id, 'reissue', { policy })).status, 200);
    });
    assert.equal((await listAt(product, endOf(licence, 31))).revoked.length, 1);
    assert.equal((await listAt(product, endOf(licence, 15 + 31))).revoked.length, 0);
  });

  for (const [what, rules] of Object.entries({
    'is perpetual': { term: { kind: 'perpetual' }, graceDays: 0 },
    'is only logged when it is over': { onExpiry: 'log' },
    'goes on degraded when it is over': { onExpiry: 'degrade' },
  }))
    it(`stay for ever for what ${what}`, async () => {
      const { product } = await revoked(rules);
      assert.equal((await listAt(product, new Date('2190-01-01T00:00:00Z'))).revoked.length, 1);
    });
});
