import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { LicenseMeters, UsageEvent, UsageTold } from '#contracts/licenses/usage.ts';
import type { LicenseValidation } from '#contracts/licenses/uses.ts';
import type { Problem } from '#contracts/problems.ts';
import { everywhere } from '#domain/access/grants.ts';
import { rollUpUsage } from '#domain/licenses/usage/rollUpUsage.ts';
import { tellUsage } from '#domain/licenses/usage/tellUsage.ts';
import { lifeStores } from '#domain/erasure/lifeStores.ts';
import { clearings } from '#domain/retention/clear.ts';
import { rows } from '#domain/sql.ts';
import { registry } from '#observability/metrics.ts';
import { ask, type Asking } from '../apiInstallation.ts';
import { LicensingWorld } from './licensingWorld.ts';

const calls = 'api.calls';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('usage of a licence', () => {
  let world: LicensingWorld;
  let product: Asking;
  before(async () => {
    world = await LicensingWorld.start();
    product = await key(['licenses:use']);
  });
  after(() => world.stop());

  async function key(permissions: string[], scope: object = { kind: 'platform' }): Promise<Asking> {
    const body = { name: 'Product', permissions, scope };
    const { body: issued, text } = await world.api.ask<{ key: string }>('POST', '/api/v1/api-keys', { body });
    assert.ok(issued.key, text);
    return { cookie: null, headers: { authorization: `Bearer ${issued.key}` } };
  }
  const metered = (limit: number | null = 1_000, rules: object = {}, per = 'month') =>
    world.licensed({ entitlements: { [calls]: { meter: { limit, per } }, sso: { flag: true } }, ...rules });
  const event = (licenseId: string, more: Partial<UsageEvent> = {}): UsageEvent => ({
    id: randomUUID(),
    licenseId,
    meter: calls,
    quantity: 1,
    at: new Date().toISOString(),
    ...more,
  });
  const tell = async (events: object[], who = product) =>
    (await ask<UsageTold & Problem>(world.api.url, 'POST', '/api/v1/licenses/usage', { ...who, body: { events } }))
      .body;
  const validate = async (licenseId: string) =>
    (
      await ask<LicenseValidation>(world.api.url, 'POST', '/api/v1/licenses/validate', {
        ...product,
        body: { licenseId, scope: { entitlement: calls } },
      })
    ).body;
  const rollUp = async () => {
    while ((await rollUpUsage(world.api.installation.em, new Date(), 50)) === 50);
  };
  const rolled = (table: 'hours' | 'days', licenseId: string) =>
    world.api.installation.asAdmin<{ at: string; quantity: number; events: number }>(
      null,
      `select ${table === 'hours' ? `to_char(hour at time zone 'UTC', 'YYYY-MM-DD HH24')` : 'day::text'} as at,
              quantity::int, events::int from license_usage_${table} where license_id = $1 order by 1`,
      [licenseId],
    );
  const codes = ({ refused }: UsageTold) => refused.map(({ index, code }) => [index, code]);

  describe('is told', () => {
    it('once, however often an event comes: again, in the same batch, or by ten at once', async () => {
      const { id } = await metered();
      const one = event(id, { quantity: 5, at: new Date(Date.now() - 1234).toISOString() });
      assert.deepEqual(await tell([one, one, event(id)]), { accepted: 2, known: 1, refused: [] });
      assert.deepEqual(await tell([one]), { accepted: 0, known: 1, refused: [] });
      const precise = event(id, { at: new Date().toISOString().replace('Z', '567Z') });
      assert.equal((await tell([precise])).accepted, 1);
      assert.equal((await tell([precise])).known, 1, 'a clock may be finer than what is kept');
      const batch = Array.from({ length: 20 }, () => event(id));
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, at) => tell(at % 2 === 0 ? batch : batch.toReversed())),
      );
      assert.equal(
        answers.reduce((sum, { accepted }) => sum + accepted, 0),
        20,
      );
      assert.ok(answers.every(({ accepted, known, refused }) => accepted + known === 20 && refused.length === 0));
      assert.equal((await validate(id)).license?.usage?.used, 5 + 1 + 1 + 20);
    });

    it('under the same id with another content in vain, and the others count nevertheless', async () => {
      const { id } = await metered();
      const one = event(id, { quantity: 5 });
      await tell([one]);
      const later = new Date(Date.parse(one.at) + 1).toISOString();
      const others = [
        { ...one, quantity: 6 },
        { ...one, at: later },
        event(id),
        { ...one, id: 'two' },
        { ...one, id: 'two', quantity: 9 },
      ];
      const told = await tell(others);
      assert.deepEqual([told.accepted, codes(told)], [2, [[0, 'event_differs'], [1, 'event_differs'], [4, 'event_differs']]]); // prettier-ignore
      const other = await metered();
      assert.equal((await tell([{ ...one, licenseId: other.id }])).accepted, 1, 'ids are of a licence');
      assert.equal((await validate(id)).license?.usage?.used, 5 + 1 + 5);
    });

    it('not too late and not from the future, and only of what the licence measures', async () => {
      const { id } = await metered();
      const at = (ms: number) => new Date(Date.now() + ms).toISOString();
      const told = await tell([
        event(id, { at: at(-7 * dayMs + 60_000) }),
        event(id, { at: at(-7 * dayMs - 60_000) }),
        event(id, { at: at(290_000) }),
        event(id, { at: at(310_000) }),
        event(id, { meter: 'sso' }),
        event(id, { meter: 'constructor' }),
        event(randomUUID()),
      ]);
      assert.deepEqual(
        [told.accepted, codes(told)],
        [2, [[1, 'too_late'], [3, 'in_future'], [4, 'meter_unknown'], [5, 'meter_unknown'], [6, 'license_unknown']]], // prettier-ignore
      );
      for (const wrong of [{ quantity: 0 }, { quantity: 1.5 }, { quantity: 1e10 }, { at: 'now' }, { id: '' }]) {
        const { code, fields } = await tell([{ ...event(id), ...wrong }]);
        assert.deepEqual([code, fields?.[0]?.path], ['invalid_request', `events.0.${Object.keys(wrong)[0]}`]);
      }
      assert.equal((await tell([])).code, 'invalid_request');
      assert.equal((await tell(Array.from({ length: 1_001 }, () => event(id)))).code, 'invalid_request');
      assert.match(await registry.metrics(), /tenantry_license_usage_events_total\{outcome="too_late"\} \d/);
    });

    it('by who may, about whom they may, also of a licence that is over; of an erased tenant by nobody', async () => {
      const licence = await metered();
      const other = await metered();
      const ofOther = await key(['licenses:use'], { kind: 'tenant', tenantId: other.tenantId });
      assert.deepEqual(codes(await tell([event(licence.id), event(other.id)], ofOther)), [[0, 'license_unknown']]);
      assert.equal((await tell([event(other.id)], await key(['licenses:read']))).code, 'forbidden');
      await world.change(licence.id, 'revoke', {});
      assert.equal((await tell([event(licence.id)])).accepted, 1, 'it happened under it');
      await world.api.installation.asAdmin(null, `update tenants set state = 'erased' where id = $1`, [
        licence.tenantId,
      ]);
      assert.deepEqual(codes(await tell([event(licence.id)])), [[0, 'license_unknown']]);
    });
  });

  describe('is added up', () => {
    it('by the hour and the day, once whoever does it, and again for what comes late', async () => {
      const { id } = await metered();
      const midnight = Math.floor(Date.now() / dayMs) * dayMs;
      const at = (ms: number) => new Date(midnight - dayMs + ms).toISOString();
      const day = at(0).slice(0, 10);
      await tell([
        event(id, { at: at(0), quantity: 2 }),
        event(id, { at: at(hourMs - 1), quantity: 3 }),
        event(id, { at: at(hourMs) }),
        event(id, { at: at(dayMs - 1) }),
      ]);
      const em = () => world.api.installation.em;
      await Promise.all([1, 2, 3, 4].map(() => rollUpUsage(em(), new Date(), 2)));
      await rollUp();
      const hours = () =>
        rolled('hours', id).then((all) => all.map(({ at: hour, ...one }) => ({ at: hour.slice(11), ...one })));
      assert.deepEqual(await hours(), [
        { at: '00', quantity: 5, events: 2 },
        { at: '01', quantity: 1, events: 1 },
        { at: '23', quantity: 1, events: 1 },
      ]);
      assert.deepEqual(await rolled('days', id), [{ at: day, quantity: 7, events: 4 }]);
      await rollUp();
      await tell([event(id, { at: at(1), quantity: 10 })]);
      await rollUp();
      assert.deepEqual((await hours())[0], { at: '00', quantity: 15, events: 3 });
      assert.deepEqual(await rolled('days', id), [{ at: day, quantity: 17, events: 5 }]);
    });

    it('to the same as its events, while many tell and many roll up', async () => {
      const { id } = await metered(null);
      const licences = [id, (await metered(null)).id];
      const telling = Array.from({ length: 40 }, (_, at) =>
        tell(
          Array.from({ length: 25 }, (_one, second) =>
            event(licences[at % 2]!, {
              quantity: 1 + at,
              at: new Date(Date.now() - second * 6 * hourMs).toISOString(),
            }),
          ),
        ),
      );
      let isOver = false;
      const rolling = [1, 2, 3].map(async () => {
        while (!isOver) await rollUpUsage(world.api.installation.em, new Date(), 7);
      });
      await Promise.all(telling);
      isOver = true;
      await Promise.all(rolling);
      await rollUp();
      const [sums] = await world.api.installation.asAdmin<Record<string, string>>(
        null,
        `select (select sum(quantity) from license_usage_events where license_id = any($1::uuid[])) as raw,
                (select sum(quantity) from license_usage_hours where license_id = any($1::uuid[])) as hours,
                (select sum(quantity) from license_usage_days where license_id = any($1::uuid[])) as days,
                (select count(*) from license_usage_deltas) as waiting`,
        [licences],
      );
      assert.deepEqual(sums, { raw: '20500', hours: '20500', days: '20500', waiting: '0' });
    });

    it('and its events are cleared when they are old enough; what they came to stays', async () => {
      const { id } = await metered();
      await tell([event(id), event(id)]);
      await rollUp();
      await world.api.installation.asAdmin(
        null,
        `update license_usage_events set received_at = now() - interval '46 days' where license_id = $1`,
        [id],
      );
      assert.equal(await clearings.usageEvents(world.api.installation.em, 45, 500), 2);
      assert.equal((await validate(id)).license?.usage?.used, 2);
    });
  });

  it('is forgotten with its tenant', async () => {
    const { id, tenantId } = await metered();
    const { em } = world.api.installation;
    await tell([event(id)]);
    await rollUp();
    await tell([event(id)]);
    const store = lifeStores.find(({ what }) => what === 'what its licences measured');
    const held = async () =>
      (await rows<{ count: number }>(em)`select count(*)::int as count ${store!.held(tenantId)}`)[0]?.count;
    assert.equal(await held(), 5, 'two events, one that waits, an hour and a day');
    await store!.erase(em, tenantId);
    assert.equal(await held(), 0);
  });

  describe('counts against a limit', () => {
    it('at once, rolled up or not, and then the meter is used up; by its policy it is good nevertheless', async () => {
      const strict = await metered(10);
      const lenient = await metered(10, { meters: { overage: 'allow' } });
      for (const [{ id }, valid, code] of [
        [strict, false, 'meter_exceeded'],
        [lenient, true, 'valid'],
      ] as const) {
        await tell([event(id, { quantity: 9 })]);
        assert.partialDeepStrictEqual(await validate(id), { valid: true, license: { usage: { used: 9, limit: 10 } } });
        await rollUp();
        await tell([event(id)]);
        assert.partialDeepStrictEqual(await validate(id), { valid, code, license: { usage: { used: 10 } } });
        await rollUp();
        assert.partialDeepStrictEqual(await validate(id), { valid, code, license: { usage: { used: 10 } } });
        const { body } = await world.api.ask<LicenseMeters>('GET', `/api/v1/licenses/${id}/meters`);
        assert.partialDeepStrictEqual(body.items, [{ name: calls, used: 10, limit: 10, exceeded: true }]);
      }
      await world.change(strict.id, 'overrides', { name: calls, entitlement: { meter: { limit: 50, per: 'month' } } });
      assert.partialDeepStrictEqual(await validate(strict.id), { valid: true, license: { usage: { limit: 50 } } });
    });

    it('of the present day, month or term only', async () => {
      const daily = await metered(10, {}, 'day');
      const em = world.api.installation.em;
      const yesterday = new Date(Math.floor(Date.now() / dayMs) * dayMs - 1).toISOString();
      await tell([event(daily.id, { quantity: 10, at: yesterday }), event(daily.id, { quantity: 4 })]);
      assert.equal((await validate(daily.id)).license?.usage?.used, 4);
      await rollUp();
      assert.equal((await validate(daily.id)).license?.usage?.used, 4);

      const termed = await world.issue(await world.tenant(), {
        policy: await world.policy({ entitlements: { [calls]: { meter: { limit: 10, per: 'term' } } } }),
        startsAt: new Date(Date.now() - 2 * dayMs).toISOString(),
      });
      const { id, startsAt, expiresAt } = termed.body;
      const started = Date.parse(startsAt);
      const told = (ms: number, quantity: number) => event(id, { quantity, at: new Date(started + ms).toISOString() });
      await em.transactional((tx) =>
        tellUsage(tx, [told(-2 * hourMs, 100), told(0, 1), told(dayMs, 2), told(2 * dayMs - 1, 3)], {
          reach: everywhere,
          now: new Date(),
          lateDays: 7,
        }),
      );
      const used = async () => (await validate(id)).license?.usage;
      assert.partialDeepStrictEqual(await used(), { used: 6, per: 'term', until: expiresAt });
      await rollUp();
      assert.partialDeepStrictEqual(await used(), { used: 6, per: 'term', until: expiresAt });
    });
  });
}).timeout(60_000);
