import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { LicenseUse, LicenseValidation } from '#contracts/licenses/uses.ts';
import type { Problem } from '#contracts/problems.ts';
import { everywhere } from '#domain/access/grants.ts';
import { checkOut, cullDead, heartbeat } from '#domain/licenses/using/uses.ts';
import { freePorts } from '#local/ports.ts';
import { ask, type Answer, type Asking } from '../apiInstallation.ts';
import { LicensingWorld } from './licensingWorld.ts';

const machine = (name: string) => createHash('sha256').update(name).digest('hex');

describe('a licence in use', () => {
  let world: LicensingWorld;
  /** With nothing but `licenses:use`, as a product has it. */
  let product: Asking;
  before(async () => {
    world = await LicensingWorld.start();
    product = await key({ kind: 'platform' });
  });
  after(() => world.stop());

  async function key(scope: object): Promise<Asking> {
    const body = { name: 'Product', permissions: ['licenses:use'], scope };
    const { body: issued, text } = await world.api.ask<{ key: string }>('POST', '/api/v1/api-keys', { body });
    assert.ok(issued.key, text);
    return { cookie: null, headers: { authorization: `Bearer ${issued.key}` } };
  }
  const use = <Body>(verb: string, body: object, who = product, url = world.api.url): Promise<Answer<Body & Problem>> =>
    ask<Body & Problem>(url, 'POST', `/api/v1/licenses/${verb}`, { ...who, body });
  const validate = async (body: object, who?: Asking) => (await use<LicenseValidation>('validate', body, who)).body;
  const checkOutSeat = (licenseId: string, holder: string) =>
    use<LicenseUse>('check-out', { licenseId, kind: 'seat', holder });
  const checkOutMachine = (licenseId: string, name: string) =>
    use<LicenseUse>('check-out', { licenseId, kind: 'machine', holder: machine(name) });

  describe('is validated', () => {
    it('by its id, and by its key however it was typed', async () => {
      const { id, tenantId } = await world.licensed();
      const { body } = await world.api.ask<{ key: string }>('GET', `/api/v1/licenses/${id}/key`);
      const typed = body.key.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o');
      for (const which of [{ licenseId: id }, { key: body.key }, { key: typed }])
        assert.partialDeepStrictEqual(await validate(which), { valid: true, code: 'valid', license: { id, tenantId } });
      for (const wrong of [{ key: 'ABCDE' }, { key: `${body.key.slice(0, -1)}*` }, { licenseId: tenantId }])
        assert.deepEqual(await validate(wrong), { valid: false, code: 'not_found', license: null });
      for (const wrong of [{}, { key: body.key, licenseId: id }])
        assert.equal((await use('validate', wrong)).body.fields?.[0]?.path, 'key');
    });

    it('for what it is to be good for, and says what is wrong first', async () => {
      const rules = { entitlements: { sso: { flag: true }, off: { flag: false }, some: { number: 0 } } };
      const licence = await world.licensed(rules, { binding: [machine('known')] });
      const { id } = licence;
      const code = async (scope: object) => (await validate({ licenseId: id, scope })).code;
      assert.deepEqual(
        [
          await code({ product: 'suite', tenant: licence.tenantId, machine: machine('known'), entitlement: 'sso' }),
          await code({ product: 'other' }),
          await code({ tenant: id }),
          await code({ machine: machine('stranger') }),
          await code({ entitlement: 'off' }),
          await code({ entitlement: 'some' }),
          await code({ entitlement: 'constructor' }),
        ],
        ['valid', 'wrong_product', 'wrong_tenant', 'wrong_machine', 'not_entitled', 'not_entitled', 'not_entitled'],
      );
      await world.change(id, 'overrides', { name: 'off', entitlement: { flag: true } });
      assert.equal(await code({ entitlement: 'off' }), 'valid');
      await world.change(id, 'suspend');
      assert.equal(await code({}), 'suspended');
      await world.change(id, 'revoke', {});
      assert.equal(await code({}), 'revoked');
    });

    it('by the clock: before it starts, in its grace, after its end', async () => {
      const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
      const of = async (startsAt: string, expiresAt: string) => {
        const { id } = await world.licensed({ graceDays: 5, onExpiry: 'degrade' }, { startsAt, expiresAt });
        const { valid, code, license } = await validate({ licenseId: id });
        return [valid, code, license?.onExpiry];
      };
      assert.deepEqual(await of(at(1), at(9)), [false, 'not_yet_valid', 'degrade']);
      assert.deepEqual(await of(at(-9), at(-1)), [true, 'grace', 'degrade']);
      assert.deepEqual(await of(at(-9), at(-6)), [false, 'expired', 'degrade']);
    });

    it('by who may see its tenant, and as one that lets nobody in while its tenant is suspended', async () => {
      const licence = await world.licensed();
      const other = await world.licensed();
      const ofOther = await key({ kind: 'tenant', tenantId: other.tenantId });
      assert.equal((await validate({ licenseId: other.id }, ofOther)).code, 'valid');
      assert.deepEqual(await validate({ licenseId: licence.id }, ofOther), {
        valid: false,
        code: 'not_found',
        license: null,
      });
      const seat = { licenseId: licence.id, kind: 'seat', holder: 'x' };
      assert.equal((await use('check-out', seat, ofOther)).body.code, 'not_found');
      const taken = await checkOutSeat(licence.id, 'x');
      const { useId } = taken.body;
      assert.deepEqual((await use('check-in', { useId }, ofOther)).body, { released: false });
      assert.equal((await use('heartbeat', { useId }, ofOther)).body.code, 'license_use_over');
      const suspend = `update tenants set state = 'suspended' where id = $1`;
      await world.api.installation.asAdmin(null, suspend, [licence.tenantId]);
      assert.equal((await validate({ licenseId: licence.id })).code, 'suspended');
    });
  });

  describe('lets in', () => {
    it('as many as there are seats, gives each back, and the same holder the same seat', async () => {
      const { id } = await world.licensed({ seats: { limit: 2 } });
      const [one, again, two] = [
        await checkOutSeat(id, 'ann'),
        await checkOutSeat(id, 'ann'),
        await checkOutSeat(id, 'bob'),
      ];
      assert.equal(one.body.useId, again.body.useId);
      assert.deepEqual([one.body.used, again.body.used, two.body.used], [1, 1, 2]);
      const refused = await checkOutSeat(id, 'carol');
      assert.partialDeepStrictEqual(refused.body, { code: 'license_seats_exceeded', license: { limit: 2, used: 2 } });
      assert.deepEqual((await use('check-in', { useId: one.body.useId })).body, { released: true });
      assert.deepEqual((await use('check-in', { useId: one.body.useId })).body, { released: false });
      assert.equal((await checkOutSeat(id, 'carol')).status, 200);
      assert.partialDeepStrictEqual(await validate({ licenseId: id }), { license: { seats: { limit: 2, used: 2 } } });
      const rows = await world.api.installation.asAdmin<{ text: string }>(
        null,
        'select u::text as text from license_uses u',
      );
      assert.ok(
        rows.every(({ text }) => !/ann|bob|carol/.test(text)),
        'who holds a seat is told by a digest',
      );
    });

    it('some more where the overage is soft, anybody where it is allowed, and says so', async () => {
      const soft = await world.licensed({ seats: { limit: 1, overage: 'soft', soft: 1 } });
      const overages = [];
      for (const holder of ['a', 'b', 'c']) {
        const { status, body } = await checkOutSeat(soft.id, holder);
        overages.push(status === 200 ? body.overage : body.code);
      }
      assert.deepEqual(overages, [false, true, 'license_seats_exceeded']);
      const open = await world.licensed({ seats: { limit: 0, overage: 'allow' } });
      assert.equal((await checkOutSeat(open.id, 'a')).body.overage, true);
    });

    it('a machine once: in its licence, in its tenant, or as often as it comes', async () => {
      const tenantId = await world.tenant();
      const two = async (unique: string) => {
        const policy = await world.policy({ machines: { limit: 3, unique } });
        return Promise.all([world.issue(tenantId, { policy }), world.issue(tenantId, { policy })]);
      };
      const outcomes = async (unique: string) => {
        const [one, other] = await two(unique);
        const asked = [one.body.id, one.body.id, other.body.id];
        const answers = [];
        for (const id of asked) answers.push(await checkOutMachine(id, unique));
        return answers.map(({ status, body }) => (status === 200 ? body.used : body.code));
      };
      assert.deepEqual(await outcomes('license'), [1, 1, 1]);
      assert.deepEqual(await outcomes('tenant'), [1, 1, 'license_machine_taken']);
      assert.deepEqual(await outcomes('none'), [1, 2, 1]);
      const bound = await world.licensed({}, { binding: [machine('mine')] });
      assert.equal((await checkOutMachine(bound.id, 'mine')).status, 200);
      assert.equal((await checkOutMachine(bound.id, 'theirs')).body.code, 'license_not_valid');
      const body = { licenseId: bound.id, kind: 'machine', holder: 'no digest' };
      assert.equal((await use('check-out', body)).body.fields?.[0]?.path, 'holder');
    });

    it('nobody when it is suspended, over or revoked, and ends what was let in with it', async () => {
      const { id } = await world.licensed();
      const { useId } = (await checkOutSeat(id, 'ann')).body;
      await world.change(id, 'suspend');
      assert.partialDeepStrictEqual((await checkOutSeat(id, 'bob')).body, {
        code: 'license_not_valid',
        license: { standing: 'suspended' },
      });
      assert.equal((await use('heartbeat', { useId })).body.code, 'license_use_over');
      await world.change(id, 'reinstate');
      assert.equal((await use('heartbeat', { useId })).status, 200);
      await world.change(id, 'revoke', {});
      assert.deepEqual((await use('check-in', { useId })).body, { released: false });
    });

    it('others in the place of the dead, by the clock that is given', async () => {
      const { id } = await world.licensed({ seats: { limit: 1, heartbeatSeconds: 60 } });
      const em = () => world.api.installation.em;
      const { keyring } = world.api.installation.platform.installation;
      const begun = Date.now();
      const at = (seconds: number) => new Date(begun + seconds * 1000);
      const take = (holder: string, seconds: number) =>
        em().transactional((tx) =>
          checkOut(tx, keyring, { licenseId: id, kind: 'seat', holder }, everywhere, at(seconds)),
        );
      const ann = await take('ann', 0);
      assert.equal(ann.diesAt, at(120).toISOString());
      await heartbeat(em(), ann.useId, everywhere, at(100));
      await assert.rejects(take('bob', 219), { code: 'license_seats_exceeded' });
      assert.equal((await take('bob', 220)).used, 1, 'who was silent for two heartbeats makes room');
      await assert.rejects(heartbeat(em(), ann.useId, everywhere, at(221)), { code: 'license_use_over' });
      assert.equal(await cullDead(em(), at(339)), 0);
      const culled = await Promise.all([1, 2, 3].map(() => cullDead(em(), at(340))));
      assert.equal(
        culled.reduce((sum, count) => sum + count),
        1,
      );
    });
  });

  describe('asked by 200 at once, of two processes', () => {
    let other: ChildProcess;
    let url: string;
    before(async () => {
      const port = String((await freePorts(1))[0]);
      url = `http://127.0.0.1:${port}`;
      other = spawn(process.execPath, ['api/main.ts'], {
        env: { ...process.env, ...world.api.installation.env, TENANTRY_PORT: port },
        stdio: 'ignore',
      });
      await world.api.installation.until('the second process', 60_000, async () =>
        ask(url, 'GET', '/health/live').then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    });
    after(async () => {
      const gone = once(other, 'exit');
      other.kill('SIGTERM');
      await gone;
    });

    /** As a client does that is told to come later: on a busy machine not all get a connection in time. */
    const patiently = async <Got extends { status: number; headers: IncomingHttpHeaders }>(ask: () => Promise<Got>) => {
      for (let tries = 0; ; tries++) {
        const answer = await ask();
        if (answer.status !== 503 || tries === 10) return answer;
        await delay(Number(answer.headers['retry-after']) * 1_000);
      }
    };
    const race = async (kind: 'seat' | 'machine', rules: object) => {
      const { id } = await world.licensed(rules);
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, at) =>
          patiently(() =>
            use<LicenseUse>(
              'check-out',
              { licenseId: id, kind, holder: machine(`${at}`) },
              product,
              at % 2 === 0 ? world.api.url : url,
            ),
          ),
        ),
      );
      const outcomes = Object.groupBy(answers, ({ status, body }) => (status === 200 ? 'in' : body.code));
      const counted = Object.fromEntries(Object.entries(outcomes).map(([code, all]) => [code, all?.length]));
      const [row] = await world.api.installation.asAdmin<{ count: number }>(
        null,
        'select count(*)::int as count from license_uses where license_id = $1',
        [id],
      );
      return { ...counted, rows: row!.count };
    };

    it('lets exactly 20 of them to 20 seats', async () => {
      const expected = { in: 20, license_seats_exceeded: 180, rows: 20 };
      assert.deepEqual(await race('seat', { seats: { limit: 20 } }), expected);
      assert.deepEqual(await race('machine', { machines: { limit: 20, unique: 'tenant' } }), expected);
    });

    it('gives one holder one seat', async () => {
      const { id } = await world.licensed({ seats: { limit: 20 } });
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, at) =>
          use<LicenseUse>(
            'check-out',
            { licenseId: id, kind: 'seat', holder: 'the same' },
            product,
            at % 2 === 0 ? world.api.url : url,
          ),
        ),
      );
      assert.equal(new Set(answers.map(({ body }) => body.useId)).size, 1);
      assert.ok(answers.every(({ status, body }) => status === 200 && body.used === 1));
    });
  }).timeout(60_000);
});
