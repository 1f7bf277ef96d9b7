import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { BenchControlPlane, type Layout } from './benchControlPlane.ts';
import { percentile, type Bench, type Figure, type Measured } from './figure.ts';

const bulkRuns = 1_000;
const clients = 10;
const tries = 20;
const patienceMs = 60_000;

/** How long somebody who waits for an answer waits for the first step, while a thousand runs of an import are on the bulk queue. */
export const fairness: Figure = {
  name: 'fairness',
  measure: async (bench) => [
    ...(await whileImporting(bench, 'api+worker', 'one process')),
    ...(await whileImporting(bench, 'api, worker', 'two processes')),
  ],
};

async function whileImporting(bench: Bench, layout: Layout, title: string): Promise<Measured[]> {
  const controlPlane = await BenchControlPlane.start(bench, layout);
  const registry = new pg.Client({ connectionString: controlPlane.urls.appUrl });
  try {
    await registry.connect();
    const { api } = controlPlane;
    await api.succeeded((await api.createTenant('Warm-up')).runId);
    let next = 0;
    const began = performance.now();
    const client = async () => {
      while (next < bulkRuns) await api.createTenant(`Imported ${next++}`, { queue: 'bulk' });
    };
    await Promise.all(Array.from({ length: clients }, client));
    const accepted = bulkRuns / ((performance.now() - began) / 1000);
    const waits: number[] = [];
    for (let i = 0; i < tries; i++) {
      const { runId } = await api.createTenant(`Interactive ${i}`);
      waits.push(await firstStepAfter(registry, runId));
    }
    const open = await openBulkRuns(registry);
    if (open === 0) throw new Error('the import was over before the last try');
    return [
      {
        what: `first step runs, p99, ${title}`,
        value: percentile(waits, 0.99),
        unit: 'ms',
        n: tries,
        limit: { atMost: 2_000 },
      },
      { what: `first step runs, p50, ${title}`, value: percentile(waits, 0.5), unit: 'ms', n: tries },
      { what: `bulk runs accepted, ${title}`, value: accepted, unit: '/s', n: bulkRuns },
      { what: `bulk runs still open at the last try, ${title}`, value: open, unit: '' },
    ];
  } finally {
    await registry.end();
    await controlPlane.stop();
  }
}

/** From the row of the run to the first attempt of its first step, by the clock of the registry. */
async function firstStepAfter(registry: pg.Client, runId: string): Promise<number> {
  for (const deadline = Date.now() + patienceMs; ; await delay(20)) {
    const { rows } = await registry.query<{ ms: number }>(
      `select extract(epoch from s.started_at - r.created_at) * 1000 as ms
       from runs r join run_steps s on s.run_id = r.id
       where r.id = $1 and s.kind = 'resource' and s.started_at is not null order by s.position limit 1`,
      [runId],
    );
    if (rows[0]) return Number(rows[0].ms);
    if (Date.now() > deadline) throw new Error(`the first step of run ${runId} did not begin in ${patienceMs} ms`);
  }
}

async function openBulkRuns(registry: pg.Client): Promise<number> {
  const { rows } = await registry.query<{ count: number }>(
    `select count(*)::int as count from runs
     where queue = 'bulk' and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`,
  );
  return rows[0]?.count ?? 0;
}
