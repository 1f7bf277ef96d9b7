import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Unable } from '#cli/exitCodes.ts';
import { verifyLicenseFile, type LicenseOptions } from '#cli/license/verifyLicenseFile.ts';
import { file, licenseId, list, stranger, vendor } from '#packages/license/vectors/issuer.ts';
import { tenantry } from './tenantry.ts';

describe('tenantry license verify', function () {
  this.timeout(120_000);
  let folder: string;
  const at = ['--at', '2026-06-15T12:00:00Z'];

  before(async () => (folder = await mkdtemp(join(tmpdir(), 'tenantry-license-'))));
  after(() => rm(folder, { recursive: true }));

  async function save(name: string, content: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  }

  it('takes a good one by JWK and by PEM, and says for whom it is', async () => {
    const good = await save('good.lic', await file());
    const jwk = await save('keys.json', JSON.stringify({ keys: [vendor.jwk] }));
    const pem = await save(
      'key.pem',
      createPublicKey({ key: vendor.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString(),
    );
    for (const key of [jwk, pem]) {
      const { code, said } = await tenantry(['license', 'verify', good, '--key', key, '--product', 'atlas', ...at]);
      assert.equal(code, 0, said);
      assert.match(said, /serial 3, of atlas for tenant 0198f0c1[^]*until 2027-01-01T00:00:00Z\nVALID: /);
    }
    const open = await tenantry(['license', 'verify', good, '--key', jwk, ...at]);
    assert.match(open.said, /--product tells/);
    const json: string[] = [];
    const options = { key: jwk, at: Date.parse('2026-06-15T12:00:00Z'), json: true };
    assert.equal(await verifyLicenseFile(good, options, (text) => json.push(text)), true);
    assert.equal((JSON.parse(json.join('')) as { state: string }).state, 'valid');
  });

  it('ends with 1 and the state for what is not', async () => {
    const good = await save('good.lic', await file());
    const key = await save('keys.json', JSON.stringify(vendor.jwk));
    const revoked = [{ id: licenseId, serial: null, at: '2026-05-01T00:00:00Z', reason: '' }];
    const revocations = await save('revoked.lst', await list({ revoked }));
    const at = Date.parse('2026-06-15T12:00:00Z');
    const cases: [Partial<LicenseOptions>, RegExp][] = [
      [{ product: 'zephyr' }, /WRONG_PRODUCT/],
      [{ tenant: 'other' }, /WRONG_TENANT/],
      [{ seats: 21 }, /SEATS_EXCEEDED: 21 seats of 20/],
      [{ minSerial: 4 }, /OLDER_THAN_SEEN/],
      [{ revocations }, /REVOKED/],
      [{ at: Date.parse('2028-01-01T00:00:00Z') }, /EXPIRED/],
    ];
    for (const [options, expected] of cases) {
      const said: string[] = [];
      const isGood = await verifyLicenseFile(good, { key, at, json: false, ...options }, (text) => said.push(text));
      assert.equal(isGood, false);
      assert.match(said.join('\n'), expected);
    }
    const over = await tenantry(['license', 'verify', good, '--key', key, '--at', '2028-01-01T00:00:00Z']);
    assert.equal(over.code, 1, over.said);
    const grace = await tenantry(['license', 'verify', good, '--key', key, '--at', '2027-01-02T00:00:00Z']);
    assert.equal(grace.code, 0, grace.said);
    const cut = await save('cut.lic', (await file()).slice(0, 300));
    assert.match((await tenantry(['license', 'verify', cut, '--key', key])).said, /^TRUNCATED: /);
  });

  it('ends with 3 when it cannot look, and with 2 when it was not understood', async () => {
    const good = await save('good.lic', await file());
    const key = await save('keys.json', JSON.stringify(vendor.jwk));
    const foreign = await save('foreign.lst', await list({}, stranger));
    const small = await save('small.json', JSON.stringify({ ...vendor.jwk, x: 'A'.repeat(43) }));
    const cases: [string, Partial<LicenseOptions> & { key: string }][] = [
      [join(folder, 'absent.lic'), { key }],
      [good, { key: good }],
      [good, { key, revocations: foreign }],
      [good, { key: small }],
    ];
    for (const [name, options] of cases)
      await assert.rejects(
        verifyLicenseFile(name, { json: false, ...options }, () => {}),
        (error) => error instanceof Unable,
      );
    assert.equal((await tenantry(['license', 'verify', join(folder, 'absent.lic'), '--key', key])).code, 3);
    assert.equal((await tenantry(['license', 'verify', good])).code, 2);
    assert.equal((await tenantry(['license', 'verify', good, '--key', key, '--seats', 'many'])).code, 2);
  });
});
