import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { LicenseAnalytics, SeatReport, UsageReport } from '#contracts/licenses/analytics.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import { everywhere } from '#domain/access/grants.ts';
import { viewAnalytics } from '#domain/licenses/analytics/viewAnalytics.ts';
import { noteSeatPeaks } from '#domain/licenses/usage/noteSeatPeaks.ts';
import { rollUpUsage } from '#domain/licenses/usage/rollUpUsage.ts';
import { personWith } from '../personWith.ts';
import { LicensingWorld } from './licensingWorld.ts';

const dayMs = 86_400_000;
const calls = 'api.calls';
const at = (days: number) => new Date(Date.now() + days * dayMs).toISOString();

describe('figures of licences', () => {
  let world: LicensingWorld;
  before(async () => {
    world = await LicensingWorld.start();
  });
  after(() => world.stop());

  const analytics = async (search = '') =>
    (await world.api.ask<LicenseAnalytics>('GET', `/api/v1/license-analytics${search}`)).body;
  const report = async (name: string, search = '', cookie = world.api.cookie) => {
    const { status, text } = await world.api.ask('GET', `/api/v1/license-analytics/reports/${name}${search}`, {
      cookie,
    });
    assert.equal(status, 200, text);
    return text.split('\r\n').filter(Boolean);
  };
  /** Licences of a product of their own, so that other tests are not counted. */
  const product = () => `p${randomUUID().slice(0, 8)}`;

  /** As a row: what was bought and signed does not matter here. */
  const renewed = ({ id, tenantId }: License, row: { kind: string; state: string; prolongs: string }) =>
    world.api.installation.asAdmin(
      null,
      `with run as (
         insert into runs (id, kind, tenant_id, state, exclusive, cancellable, workflow_id)
         values ($1::text::uuid, 'renewLicense', $3, 'succeeded', false, false, $1::text) returning id)
       insert into license_renewals (id, license_id, tenant_id, run_id, kind, cause, state, prolongs, wanted, quote, anchor_at, terms,
                                     needs_approval, quoted_at, quote_ends_at, activated_at, ended_at)
       select id, $2, $3, id, $4, 'asked', $5, $6, '{}', '{}', now(), 2, false, now(), now(),
              case when $5 = 'done' then '2026-05-01T00:00:00Z'::timestamptz end, now()
       from run`,
      [randomUUID(), id, tenantId, row.kind, row.state, row.prolongs],
    );

  it('tell what licences are worth and which end soon; those for trying out are in none', async () => {
    const suite = product();
    for (const [starts, ends] of [
      [-9, 3],
      [-9, 7.5],
      [-9, 80],
      [-9, 300],
      [-9, -1],
      [-99, -50],
      [1, 9],
    ] as const)
      await world.licensed({ product: suite, graceDays: 5 }, { startsAt: at(starts), expiresAt: at(ends) });
    await world.licensed({ product: suite }, { startsAt: at(-9), expiresAt: at(3), test: true });
    const revoked = await world.licensed({ product: suite }, { startsAt: at(-9), expiresAt: at(3) });
    await world.change(revoked.id, 'revoke', {});
    const { standings, expiring } = await analytics(`?product=${suite}`);
    assert.deepEqual(standings, { valid: 4, grace: 1, expired: 1, not_yet_valid: 1, revoked: 1 });
    assert.deepEqual(
      expiring.map(({ withinDays, count }) => [withinDays, count]),
      [[7, 1], [14, 3], [30, 3], [60, 3], [90, 4]], // prettier-ignore
    );
    const [header, ...lines] = await report('expiring', `?product=${suite}&days=14`);
    assert.equal(header, 'license,tenant,tenant_name,product,plan,trial,state,ends_at,days_left');
    assert.deepEqual(
      lines.map((line) => line.split(',').at(-1)),
      ['2', '7', '8'],
    );
  });

  it('tell how many of the terms that ended were renewed, month by month', async () => {
    const suite = product();
    const ended = await world.licensed(
      { product: suite },
      { startsAt: '2026-01-10T00:00:00Z', expiresAt: '2026-03-31T23:59:59Z' },
    );
    await world.licensed({ product: suite }, { startsAt: '2026-01-10T00:00:00Z', expiresAt: '2026-04-01T00:00:00Z' });
    // Two that were renewed, early and late, one whose renewal was taken back, and an upgrade, which is no end of a term.
    for (const [kind, state, prolongs] of [
      ['renewal', 'done', '2026-03-15T00:00:00Z'],
      ['renewal', 'done', '2026-04-30T23:59:59Z'],
      ['renewal', 'taken_back', '2026-03-16T00:00:00Z'],
      ['upgrade', 'done', '2026-03-17T00:00:00Z'],
    ] as const)
      await renewed(await world.licensed({ product: suite }), { kind, state, prolongs });
    const now = new Date('2026-05-15T00:00:00Z');
    const { renewals } = await viewAnalytics(world.api.installation.em, { product: suite, reach: everywhere }, now);
    assert.deepEqual([renewals.length, renewals[0]?.month, renewals.at(-1)?.month], [12, '2025-06', '2026-05']);
    assert.deepEqual(
      renewals.filter(({ ended: count }) => count > 0),
      [
        { month: '2026-03', ended: 2, renewed: 1 },
        { month: '2026-04', ended: 2, renewed: 1 },
      ],
    );
    const [header, line] = await report('renewals', `?product=${suite}&from=2026-03-31&to=2026-03-31`);
    assert.equal(header, 'license,tenant,tenant_name,product,plan,term_ended_at,outcome,renewed_at');
    const [, followed] = await report('renewals', `?product=${suite}&from=2026-04-30&to=2026-04-30`);
    assert.match(followed ?? '', /,2026-04-30T23:59:59\.000Z,renewed,2026-05-01T00:00:00\.000Z$/);
    assert.match(line ?? '', new RegExp(`^${ended.id},.*,2026-03-31T23:59:59\\.000Z,not_renewed,$`));
  });

  it('tell seats in use beside their limits, and the most of the last days', async () => {
    const suite = product();
    const limited = await world.licensed({ product: suite, seats: { limit: 5, heartbeatSeconds: 60 } });
    const open = await world.licensed({ product: suite });
    const take = async (licenseId: string, holder: string) =>
      (await world.api.ask('POST', '/api/v1/licenses/check-out', { body: { licenseId, kind: 'seat', holder } })).body;
    const taken = [await take(limited.id, 'ann'), await take(limited.id, 'bob'), await take(open.id, 'ann')];
    await noteSeatPeaks(world.api.installation.em, new Date());
    await world.api.ask('POST', '/api/v1/licenses/check-in', { body: { useId: taken[0]?.['useId'] } });
    assert.equal(await noteSeatPeaks(world.api.installation.em, new Date()), 0, 'a peak does not sink');
    const { seats } = await analytics(`?product=${suite}`);
    assert.deepEqual(seats, { used: 2, limited: 1, limit: 5 });
    const { body } = await world.api.ask<SeatReport>('GET', `/api/v1/license-analytics/seats?product=${suite}`);
    const of = (tenantId: string) => body.items.find((one) => one.tenantId === tenantId);
    assert.deepEqual(of(limited.tenantId)?.seats, { used: 1, limit: 5, peak: 2 });
    assert.deepEqual(of(open.tenantId)?.seats, { used: 1, limit: null, peak: 1 });
    const lines = await report('seats', `?product=${suite}`);
    assert.ok(
      lines.some((line) => line.startsWith(limited.id) && line.endsWith(',1,5,0,')),
      lines.join('\n'),
    );
  });

  it('tell usage by the hour, the day and the tenant, and as CSV that no spreadsheet carries out', async () => {
    const suite = product();
    const rules = { product: suite, entitlements: { [calls]: { meter: { limit: null, per: 'day' } } } };
    const [one, other] = [await world.licensed(rules), await world.licensed(rules)];
    await world.api.installation.asAdmin(null, `update tenants set name = '=1+1, "Ltd"' where id = $1`, [one.tenantId]);
    const today = new Date().toISOString().slice(0, 10);
    const tell = (licenseId: string, quantity: number, when: string) =>
      world.api.ask('POST', '/api/v1/licenses/usage', {
        body: { events: [{ id: randomUUID(), licenseId, meter: calls, quantity, at: when }] },
      });
    await tell(one.id, 5, `${today}T00:00:00Z`);
    await tell(one.id, 6, new Date(Date.parse(today) - 1).toISOString());
    await tell(other.id, 1, `${today}T00:00:00Z`);
    while ((await rollUpUsage(world.api.installation.em, new Date())) > 0);
    const usage = async (search: string) =>
      (await world.api.ask<UsageReport>('GET', `/api/v1/license-analytics/usage?product=${suite}${search}`)).body;
    const daily = await usage('');
    assert.deepEqual(daily.meters, [calls]);
    assert.deepEqual(
      daily.series.map(({ quantity, events }) => [quantity, events]),
      [
        [6, 1],
        [6, 2],
      ],
    );
    assert.deepEqual(
      daily.tenants.map(({ tenantId, quantity }) => [tenantId, quantity]),
      [
        [one.tenantId, 11],
        [other.tenantId, 1],
      ],
    );
    const hourly = await usage(`&per=hour&from=${today}&to=${today}&meter=${calls}`);
    assert.partialDeepStrictEqual(hourly.series, [{ at: `${today}T00:00:00.000Z`, quantity: 6, events: 2 }]);
    assert.deepEqual((await usage('&meter=other')).series, []);
    assert.deepEqual((await usage(`&tenantId=${other.tenantId}`)).tenants.length, 1);
    const refused = async (search: string) =>
      (await world.api.refusal('GET', `/api/v1/license-analytics/usage${search}`)).fields?.[0]?.path;
    assert.equal(await refused('?from=2026-02-30'), 'from');
    assert.equal(await refused('?from=2026-03-02&to=2026-03-01'), 'to');
    assert.equal(await refused('?per=hour&from=2026-03-01&to=2026-04-01'), 'from');
    assert.equal(await refused('?from=2020-01-01'), 'from');

    const lines = await report('usage', `?product=${suite}`);
    assert.equal(lines[0], 'license,tenant,tenant_name,product,plan,meter,day,quantity,events');
    assert.equal(lines.length, 4);
    assert.ok(
      lines.some(
        (line) => line === `${one.id},${one.tenantId},"'=1+1, ""Ltd""",${suite},${one.plan},${calls},${today},5,1`,
      ),
      lines.join('\n'),
    );
  });

  it('are of the tenants that somebody may see', async () => {
    const suite = product();
    const [ours, theirs] = [await world.licensed({ product: suite }), await world.licensed({ product: suite })];
    const { tenantId } = ours;
    const person = await personWith(world.api.installation, [{ role: 'auditor', scope: { kind: 'tenant', tenantId } }]);
    const asked = { cookie: person.cookie };
    const { body } = await world.api.ask<LicenseAnalytics>('GET', `/api/v1/license-analytics?product=${suite}`, asked);
    assert.deepEqual(body.standings, { valid: 1 });
    const named = await world.api.ask<LicenseAnalytics>(
      'GET',
      `/api/v1/license-analytics?tenantId=${theirs.tenantId}`,
      asked,
    );
    assert.deepEqual(named.body.standings, {});
    const lines = await report('seats', `?product=${suite}`, person.cookie);
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',')[0]),
      [ours.id],
    );
    assert.equal((await world.api.refusal('GET', '/api/v1/license-analytics/reports/nothing')).code, 'not_found');
  });

  it('come in pages when they are many, each line once', async () => {
    const suite = product();
    const licence = await world.licensed({ product: suite });
    await world.api.installation.asAdmin(
      null,
      `insert into license_usage_days (license_id, meter, day, quantity, events)
       select $1, 'm' || i % 3, current_date - (i / 3), i + 1, 1 from generate_series(0, 5999) i`,
      [licence.id],
    );
    const lines = await report('usage', `?product=${suite}&from=2000-01-01`);
    assert.equal(new Set(lines).size, 6_001);
  });
}).timeout(60_000);
