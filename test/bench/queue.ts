import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { BenchControlPlane } from './benchControlPlane.ts';
import type { Bench, Figure, Measured } from './figure.ts';
import { processorMs } from './processCosts.ts';

const warmUps = 10;
const count = 100;
const clients = 10;
const patienceMs = 300_000;

/** A hundred tenants asked for at once: how fast they are accepted, how fast all are done, and what each costs of the processors. */
export const queue: Figure = {
  name: 'queue',
  async measure(bench) {
    const controlPlane = await BenchControlPlane.start(bench, 'api+worker');
    const registry = new pg.Client({ connectionString: controlPlane.urls.appUrl });
    try {
      const { api } = controlPlane;
      await registry.connect();
      await createMany(api, warmUps);
      await untilSucceeded(registry, warmUps);
      const before = await costs(bench, controlPlane);
      const began = performance.now();
      await createMany(api, count);
      const accepted = performance.now() - began;
      await untilSucceeded(registry, warmUps + count);
      const whole = performance.now() - began;
      const after = await costs(bench, controlPlane);
      const n = count;
      return [
        { what: 'accepted', value: count / (accepted / 1000), unit: '/s', n },
        { what: 'provisioned', value: count / (whole / 1000), unit: '/s', n, limit: { atLeast: 10 } },
        ...[...after].flatMap(([name, ms]): Measured[] => {
          const earlier = before.get(name);
          if (ms === null || earlier === null || earlier === undefined) return [];
          return [{ what: `processor time a tenant, ${name}`, value: (ms - earlier) / count, unit: 'ms', n }];
        }),
      ];
    } finally {
      await registry.end();
      await controlPlane.stop();
    }
  },
};

/** As ten programs would: each sends its next request when the last one was answered. */
async function createMany(api: BenchControlPlane['api'], total: number): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < total) await api.createTenant(`Queued ${next++}`);
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** Asks the registry itself: a hundred open event streams would be measured along with what they follow. */
async function untilSucceeded(registry: pg.Client, wanted: number): Promise<void> {
  for (const deadline = Date.now() + patienceMs; ; await delay(25)) {
    const { rows } = await registry.query<{ state: string; count: number }>(
      'select state, count(*)::int as count from runs group by state',
    );
    if (rows.some(({ state, count }) => state === 'succeeded' && count >= wanted)) return;
    const told = rows.map(({ state, count }) => `${count} ${state}`).join(', ');
    if (rows.some(({ state }) => /rolled_back|cancelled|needs_attention/.test(state)))
      throw new Error(`not all runs succeeded: ${told}`);
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs} ms for ${wanted} runs to succeed: ${told}`);
  }
}

async function costs(
  { servers }: Bench,
  { pids }: Pick<BenchControlPlane, 'pids'>,
): Promise<Map<string, number | null>> {
  const all = { ...pids, PostgreSQL: servers.pids['postgres']!, Temporal: servers.pids['temporal']! };
  return new Map(
    await Promise.all(Object.entries(all).map(async ([name, pid]) => [name, await processorMs(pid)] as const)),
  );
}
