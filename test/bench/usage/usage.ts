import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { License } from '#contracts/licenses/licenses.ts';
import type { UsageTold } from '#contracts/licenses/usage.ts';
import type { RunStarted } from '#contracts/runs.ts';
import { openRegistry, type Sql } from '#domain/database.ts';
import { rollUpUsage } from '#domain/licenses/usage/rollUpUsage.ts';
import { rows } from '#domain/sql.ts';
import { BenchControlPlane } from '../benchControlPlane.ts';
import { percentile, type Figure, type Measured } from '../figure.ts';

const meter = 'api.calls';
const licences = 20;
const seconds = 8;
const tellers = 8;
const planted = 1_000_000;
/** As the drain takes them. */
const batchDeltas = 5_000;
const pieceDeltas = 50_000;
/** Neither may refuse what the bench asks. */
const unlimited = '1000000/1';

/** How many events of usage are taken a second, by the thousand and one by one, and how long a million of them takes to be added up. */
export const usage: Figure = {
  name: 'usage',
  async measure(bench) {
    const controlPlane = await BenchControlPlane.start(bench, 'api', {
      TENANTRY_RATE_ADDRESS: unlimited,
      TENANTRY_RATE_KEY: unlimited,
      TENANTRY_RATE_USER: unlimited,
    });
    const registry = await openRegistry(controlPlane.urls.appUrl, { poolSize: 2 });
    try {
      const em = registry.em.fork();
      const ids = await plantLicences(controlPlane, em);
      const inBatches = await tell(controlPlane, ids, 500);
      const oneByOne = await tell(controlPlane, ids, 1);
      while ((await rollUpUsage(em, new Date(), batchDeltas)) === batchDeltas);
      const single = await rollUp(em, ids, 1);
      const grouped = await rollUp(em, ids, 25);
      return [
        { what: 'events accepted, 500 in a request', value: inBatches.perSecond, unit: '/s', n: inBatches.events },
        { what: 'the same, a request, p99', value: percentile(inBatches.latencies, 0.99), unit: 'ms' },
        { what: 'events accepted, one in a request', value: oneByOne.perSecond, unit: '/s', n: oneByOne.events },
        { what: 'the same, a request, p99', value: percentile(oneByOne.latencies, 0.99), unit: 'ms' },
        { what: 'a million events, told one by one, added up', value: single, unit: 's', n: planted },
        { what: 'a million events, 25 of an hour at once, added up', value: grouped, unit: 's', n: planted },
      ] satisfies Measured[];
    } finally {
      await registry.close(true);
      await controlPlane.stop();
    }
  },
};

/** Tenants are active as rows: nobody provisions them here. */
async function plantLicences({ api }: BenchControlPlane, em: Sql): Promise<string[]> {
  const rules = {
    product: 'suite',
    term: { kind: 'perpetual' },
    entitlements: { [meter]: { meter: { limit: null, per: 'month' } } },
  };
  await api.ask('POST', '/api/v1/license-policies/metered/versions', { baseVersion: 0, rules });
  const ids: string[] = [];
  for (let made = 0; made < licences; made++) {
    const { tenantId } = await api.ask<RunStarted>('POST', '/api/v1/tenants', { name: `Tenant ${made}` });
    await rows(em)`update tenants set state = 'active' where id = ${tenantId}`;
    const body = { policy: { name: 'metered', version: 1 } };
    ids.push((await api.ask<License>('POST', `/api/v1/tenants/${tenantId}/licenses`, body)).id);
  }
  return ids;
}

/** Several at once, each asking again when it was answered. */
async function tell({ api }: BenchControlPlane, ids: string[], size: number) {
  const latencies: number[] = [];
  let events = 0;
  const began = performance.now();
  const end = began + seconds * 1000;
  const teller = async () => {
    while (performance.now() < end) {
      const batch = Array.from({ length: size }, (_, at) => ({
        id: randomUUID(),
        licenseId: ids[(events + at) % ids.length]!,
        meter,
        quantity: 1,
        at: new Date().toISOString(),
      }));
      const asked = performance.now();
      const { accepted } = await api.ask<UsageTold>('POST', '/api/v1/licenses/usage', { events: batch });
      latencies.push(performance.now() - asked);
      if (accepted !== size) throw new Error(`only ${accepted} of ${size} events were accepted`);
      events += accepted;
    }
  };
  await Promise.all(Array.from({ length: tellers }, teller));
  return { events, perSecond: events / ((performance.now() - began) / 1000), latencies };
}

/** A million events over thirty days, so many of an hour in each delta. Returns seconds; throws when the sum is not theirs. */
async function rollUp(em: Sql, ids: string[], eventsEach: number): Promise<number> {
  const rolled = async () =>
    Number((await rows<{ sum: string | null }>(em)`select sum(events) as sum from license_usage_days`)[0]?.sum ?? 0);
  const before = await rolled();
  const deltas = planted / eventsEach;
  for (let at = 0; at < deltas; at += pieceDeltas)
    await rows(em)`
      insert into license_usage_deltas (license_id, meter, hour, quantity, events)
      select (${ids}::uuid[])[1 + i % ${ids.length}::int], ${meter},
             date_trunc('hour', now(), 'UTC') - make_interval(hours => (i % 720)::int), ${eventsEach}::int, ${eventsEach}::int
      from generate_series(${at + 1}::int, ${Math.min(at + pieceDeltas, deltas)}::int) i`;
  const began = performance.now();
  while ((await rollUpUsage(em, new Date(), batchDeltas)) > 0);
  const took = (performance.now() - began) / 1000;
  const sum = (await rolled()) - before;
  if (sum !== planted) throw new Error(`${sum} of ${planted} events were added up`);
  return took;
}
