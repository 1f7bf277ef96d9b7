import assert from 'node:assert/strict';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import type { LicensePage } from '#contracts/licenses/licenses.ts';
import type { Problem } from '#contracts/problems.ts';
import { canonicalJson, type LicenseClaims } from '#packages/license/src/writing.ts';
import { personWith } from '../personWith.ts';
import { LicensingWorld } from './licensingWorld.ts';
import { envelopeOf } from './readFile.ts';

describe('a licence', () => {
  let world: LicensingWorld;
  before(async () => (world = await LicensingWorld.start()));
  after(() => world.stop());

  it('is issued by the policy of its plan, signed, with a file that says all of it', async () => {
    const tenantId = await world.tenant();
    assert.equal((await world.issue(tenantId, {})).body.code, 'license_policy_missing');
    const policy = await world.policy({
      graceDays: 14,
      connectivityDays: 30,
      seats: { limit: 20, overage: 'soft', soft: 2 },
      entitlements: { sso: { flag: true }, api: { meter: { limit: 1000, per: 'month' } } },
    });
    await world.api.ask('PATCH', '/api/v1/plans/standard/license-policy', { body: { policy, expected: null } });
    const { status, body, text } = await world.issue(tenantId, { startsAt: '2027-01-31T10:00:00.700Z' });
    assert.equal(status, 201, text);
    assert.partialDeepStrictEqual(body, {
      tenantId,
      policy,
      plan: 'standard',
      standing: 'not_yet_valid',
      expiresAt: '2028-01-31T10:00:00.000Z',
      overAt: '2028-02-14T10:00:00.000Z',
    });
    const claims = await world.claims(body);
    assert.match(claims.issuedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(claims, {
      typ: 'tenantry-license',
      v: 1,
      kid: body.kid,
      id: body.id,
      serial: 1,
      product: 'suite',
      tenant: tenantId,
      plan: 'standard',
      policy,
      issuedAt: claims.issuedAt,
      startsAt: '2027-01-31T10:00:00Z',
      expiresAt: '2028-01-31T10:00:00Z',
      graceDays: 14,
      connectivity: { days: 30 },
      onExpiry: 'block',
      trial: false,
      test: false,
      seats: { limit: 20, overage: 'soft', soft: 2 },
      machines: { limit: null, binding: null },
      entitlements: { sso: { flag: true }, api: { meter: { limit: 1000, per: 'month' } } },
      suspended: false,
      transferable: false,
    });
    const [issued] = await world.events(body.id);
    assert.deepEqual([issued!.type, issued!.tenant_id], ['license.issued', tenantId]);
  });

  it('ends by the calendar: leap days, ends of months, changes of clocks, trials, never', async () => {
    const ends = async (rules: object, more: object) => (await world.licensed(rules, more)).expiresAt;
    const term = (period: string) => ({ term: { kind: 'term', period } });
    assert.equal(await ends({}, { startsAt: '2028-02-29T00:00:00Z' }), '2029-02-28T00:00:00.000Z');
    assert.equal(await ends(term('P4Y'), { startsAt: '2028-02-29T00:00:00Z' }), '2032-02-29T00:00:00.000Z');
    assert.equal(await ends(term('P1M'), { startsAt: '2027-01-31T23:59:59Z' }), '2027-02-28T23:59:59.000Z');
    assert.equal(await ends(term('P1M'), { startsAt: '2027-03-01T00:30:00Z' }), '2027-04-01T00:30:00.000Z');
    assert.equal(
      await ends({ trialDays: 14 }, { trial: true, startsAt: '2028-02-20T00:00:00Z' }),
      '2028-03-05T00:00:00.000Z',
    );
    assert.equal(await ends({ term: { kind: 'perpetual' } }, {}), null);
    assert.equal(await ends({}, { expiresAt: '2199-12-31T23:59:59Z' }), '2199-12-31T23:59:59.000Z');
  });

  it('is not issued for what cannot be, each with its field', async () => {
    const tenantId = await world.tenant();
    const policy = await world.policy();
    const perpetual = await world.policy({ term: { kind: 'perpetual' } });
    const wrong: [object, string][] = [
      [{ policy, startsAt: '2027-02-29T00:00:00Z' }, 'startsAt'],
      [{ policy, startsAt: '2027-02-28T00:00:00+02:00' }, 'startsAt'],
      [{ policy, startsAt: '1999-12-31T23:59:59Z' }, 'startsAt'],
      [{ policy, startsAt: '2199-06-01T00:00:00Z' }, 'startsAt'],
      [{ policy, startsAt: '9999-12-31T23:59:59Z' }, 'startsAt'],
      [{ policy, startsAt: '+012027-01-01T00:00:00Z' }, 'startsAt'],
      [{ policy, expiresAt: '2200-01-01T00:00:00Z' }, 'expiresAt'],
      [{ policy, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
      [{ policy, startsAt: '2027-01-01T00:00:00Z', expiresAt: '2027-01-01T00:00:00Z' }, 'expiresAt'],
      [{ policy: perpetual, expiresAt: '2030-01-01T00:00:00Z' }, 'expiresAt'],
      [{ policy, trial: true }, 'trial'],
      [{ policy, binding: ['x'] }, 'binding.0'],
      [{ policy: { name: 'nobody', version: 1 } }, 'policy'],
    ];
    for (const [body, path] of wrong) {
      const answer = await world.issue(tenantId, body);
      assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.text}`);
      assert.equal(answer.body.fields?.[0]?.path, path, answer.text);
    }
    await world.api.installation.asAdmin(null, `update tenants set state = 'offboarding' where id = $1`, [tenantId]);
    assert.equal((await world.issue(tenantId, { policy })).body.code, 'tenant_not_active');
  });

  it('is issued once under one idempotency key, and no kept answer holds its key', async () => {
    const [tenantId, policy] = [await world.tenant(), await world.policy()];
    const asking = { headers: { 'Idempotency-Key': `once-${tenantId}` }, body: { policy } };
    const path = `/api/v1/tenants/${tenantId}/licenses`;
    const ids = [await world.api.ask('POST', path, asking), await world.api.ask('POST', path, asking)].map(
      ({ body }) => body['id'],
    );
    assert.equal(ids[0], ids[1]);
    const { body } = await world.api.ask<{ key: string }>('GET', `/api/v1/licenses/${String(ids[0])}/key`);
    const rows = await world.api.installation.asAdmin<{ found: boolean }>(
      null,
      `select exists (select 1 from idempotency_keys where body::text like $1) or
              exists (select 1 from events where data::text like $1) or
              exists (select 1 from licenses l where l::text like $1) as found`,
      [`%${body.key}%`],
    );
    assert.equal(rows[0]!.found, false);
    assert.ok(!world.api.logLines.some((line) => line.includes(body.key)));
  });

  it('is read in an encrypted file by the holder of its key only', async () => {
    const licence = await world.licensed();
    const { body } = await world.api.ask<{ key: string }>('GET', `/api/v1/licenses/${licence.id}/key`);
    const { text } = await world.file(licence.id, '?encrypted=true');
    const { alg, kid, payload, signature, iv = '', salt = '' } = envelopeOf(text);
    const bytes = (base64url: string) => Buffer.from(base64url, 'base64url');
    const secret = body.key.replaceAll('-', '');
    const key = hkdfSync('sha256', secret, bytes(salt), 'tenantry-license-v1', 32);
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key), bytes(iv))
      .setAAD(Buffer.from(canonicalJson({ alg, kid })))
      .setAuthTag(bytes(payload).subarray(-16));
    const opened = Buffer.concat([decipher.update(bytes(payload).subarray(0, -16)), decipher.final()]).toString();
    assert.deepEqual(JSON.parse(opened) as LicenseClaims, await world.claims(licence));
    assert.equal(signature, envelopeOf((await world.file(licence.id)).text).signature);
    assert.notEqual((await world.file(licence.id, '?encrypted=true')).text, text, 'salt and nonce are new each time');
    assert.equal((await world.file(licence.id)).text, (await world.file(licence.id)).text);
  });

  it('is handed out by those who may issue, and only told of to those who read', async () => {
    const { id } = await world.licensed();
    const { cookie } = await personWith(world.api.installation, [{ role: 'auditor' }]);
    const status = async (path: string) =>
      (await world.api.ask('GET', `/api/v1/licenses/${id}${path}`, { cookie })).status;
    assert.deepEqual([await status(''), await status('/file'), await status('/key')], [200, 403, 403]);
  });

  it('is listed by tenant, product, state and end, page by page', async () => {
    const product = 'listed';
    const made = [];
    for (const expiresAt of ['2031-01-01T00:00:00Z', '2030-01-01T00:00:00Z', '2030-01-01T00:00:00Z'])
      made.push(await world.licensed({ product }, { expiresAt }));
    made.push(await world.licensed({ product, term: { kind: 'perpetual' } }, { test: true }));
    const list = async (search: string) => {
      const { body, text } = await world.api.ask<LicensePage & Problem>(
        'GET',
        `/api/v1/licenses?product=${product}${search}`,
      );
      assert.ok(body.items, text);
      return body;
    };
    for (const sort of ['expiresAt', 'createdAt', '-createdAt']) {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: LicensePage = await list(`&limit=1&sort=${sort}${cursor === '' ? '' : `&cursor=${cursor}`}`);
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      }
      assert.deepEqual(seen.toSorted(), made.map(({ id }) => id).toSorted(), sort);
      if (sort === 'createdAt')
        assert.deepEqual(
          seen,
          made.map(({ id }) => id),
        );
      if (sort === 'expiresAt') assert.deepEqual([seen[2], seen[3]], [made[0]!.id, made[3]!.id]);
    }
    const count = async (search: string) => (await list(search)).items.length;
    assert.deepEqual(
      [
        await count('&expiresBefore=2030-06-01T00:00:00Z'),
        await count('&expiresFrom=2030-06-01T00:00:00Z'),
        await count('&test=true'),
        await count(`&tenantId=${made[0]!.tenantId}`),
        await count('&state=revoked'),
        await count('&plan=standard'),
      ],
      [2, 1, 1, 1, 0, 4],
    );
    const refused = await world.api.refusal('GET', '/api/v1/licenses?cursor=x');
    assert.equal(refused.fields?.[0]?.path, 'cursor');
  });
});
