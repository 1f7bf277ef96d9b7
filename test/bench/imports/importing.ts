import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import type { Import, ImportAccepted } from '#contracts/imports/imports.ts';
import { BenchControlPlane } from '../benchControlPlane.ts';
import type { Bench, Figure, Measured } from '../figure.ts';
import { processorMs, residentMb } from '../processCosts.ts';

const lookMs = 500;
const memoryEveryLooks = 4;
const patienceMs = 60 * 60_000;
const worstGrowth = 1.3;
/** Small enough that the tenants are spread over many databases. */
const storeMaxTenants = '500';

/** All 8,144 organisations of the list, or so many of them as `BENCH_IMPORT_LINES` says. */
async function organisations(): Promise<{ csv: string; count: number }> {
  const text = gunzipSync(await readFile(join(import.meta.dirname, 'organisations.csv.gz'))).toString();
  const lines = text.trimEnd().split('\n');
  const wanted = Number(process.env['BENCH_IMPORT_LINES'] ?? lines.length - 1);
  if (!(wanted >= 100 && wanted < lines.length))
    throw new Error(`BENCH_IMPORT_LINES must be between 100 and ${lines.length - 1}`);
  return { csv: `${lines.slice(0, wanted + 1).join('\n')}\n`, count: wanted };
}

interface Sample {
  made: number;
  api: number;
  worker: number;
}

/** What a share of the import cost: in time, and of the processors. */
interface Mark {
  at: number;
  ms: Map<string, number>;
}

/**
 * The whole list through the API: how fast it is checked, how fast its tenants are made, what API and worker hold in memory, and what
 * the last thousand cost against the first, in time and in processor time (which others on the machine change less).
 */
export const importing: Figure = {
  name: 'import',
  async measure(bench) {
    const { csv, count } = await organisations();
    const share = Math.min(1000, Math.floor(count / 4));
    const controlPlane = await BenchControlPlane.start(bench, 'api, worker', {
      TENANTRY_STORE_MAX_TENANTS: storeMaxTenants,
    });
    const registry = new pg.Client({ connectionString: controlPlane.urls.appUrl });
    try {
      await registry.connect();
      const began = performance.now();
      const { importId } = await send(controlPlane, csv);
      const samples: Sample[] = [];
      const marks = new Map<number, Mark>();
      let checkedMs = 0;
      for (const deadline = Date.now() + patienceMs; ; await delay(lookMs)) {
        const { rows } = await registry.query<{ state: string; made: number }>(
          `select state, (select count(*)::int from import_lines l where l.import_id = i.id and l.state = 'created') as made
           from imports i where id = $1`,
          [importId],
        );
        const { state = '', made = 0 } = rows[0] ?? {};
        if (state === 'creating' && checkedMs === 0) checkedMs = performance.now() - began;
        for (const at of [0, share, count - share, count])
          if (state !== 'checking' && made >= at && !marks.has(at)) marks.set(at, await markNow(bench, controlPlane));
        if (samples.length === 0 || samples.length % memoryEveryLooks === 0)
          samples.push(await sample(controlPlane, made));
        else samples.push({ ...samples.at(-1)!, made });
        if (!['checking', 'creating'].includes(state)) break;
        if (Date.now() > deadline) throw new Error(`waited an hour for ${count} tenants; ${made} are there`);
      }
      const file = await controlPlane.api.ask<Import>('GET', `/api/v1/imports/${importId}`);
      if (file.state !== 'done' || file.counts.created !== count)
        throw new Error(`the import ended ${file.state}: ${JSON.stringify(file.counts)}`);
      const stores = await registry.query<{ count: number }>('select count(*)::int as count from data_stores');
      return figuresOf({ count, share, checkedMs, marks, samples, stores: stores.rows[0]?.count ?? 0 });
    } finally {
      await registry.end();
      await controlPlane.stop();
    }
  },
};

async function send({ url, api }: BenchControlPlane, csv: string): Promise<ImportAccepted> {
  const mapping = encodeURIComponent(JSON.stringify({ country: 'label:country', website: null }));
  const answer = await fetch(
    `${url}/api/v1/imports?fileName=organisations.csv&startWhenValid=true&mapping=${mapping}`,
    {
      method: 'POST',
      headers: { cookie: api.cookie, 'content-type': 'text/csv' },
      body: csv,
    },
  );
  if (answer.status !== 202) throw new Error(`the file was answered with ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as ImportAccepted;
}

async function sample({ pids }: Pick<BenchControlPlane, 'pids'>, made: number): Promise<Sample> {
  const [api, worker] = await Promise.all([residentMb(pids['api']!), residentMb(pids['worker']!)]);
  return { made, api, worker };
}

async function markNow({ servers }: Bench, { pids }: Pick<BenchControlPlane, 'pids'>): Promise<Mark> {
  const all = { worker: pids['worker']!, PostgreSQL: servers.pids['postgres']!, Temporal: servers.pids['temporal']! };
  const ms = new Map<string, number>();
  for (const [name, pid] of Object.entries(all)) ms.set(name, (await processorMs(pid)) ?? 0);
  return { at: performance.now(), ms };
}

function figuresOf({
  count,
  share,
  checkedMs,
  marks,
  samples,
  stores,
}: {
  count: number;
  share: number;
  checkedMs: number;
  marks: Map<number, Mark>;
  samples: Sample[];
  stores: number;
}): Measured[] {
  const between = (from: number, to: number) => {
    const [begin, end] = [marks.get(from)!, marks.get(to)!];
    const all = [...end.ms].map(([name, ms]) => [name, ms - (begin.ms.get(name) ?? 0)] as const);
    return { seconds: (end.at - begin.at) / 1000, processor: all, sum: all.reduce((sum, [, ms]) => sum + ms, 0) };
  };
  const [whole, first, last] = [between(0, count), between(0, share), between(count - share, count)];
  const most = (of: 'api' | 'worker') => Math.max(...samples.map((one) => one[of]));
  return [
    { what: 'received and checked', value: checkedMs / 1000, unit: 's', n: count },
    { what: 'tenants made', value: count / whole.seconds, unit: '/s', n: count },
    { what: 'in data stores', value: stores, unit: '', n: count },
    { what: `the first ${share}`, value: first.seconds, unit: 's' },
    { what: `the last ${share}`, value: last.seconds, unit: 's' },
    {
      what: 'time of the last to that of the first',
      value: last.seconds / first.seconds,
      unit: '×',
      limit: { atMost: worstGrowth },
    },
    { what: 'processor time of the last to that of the first', value: last.sum / first.sum, unit: '×' },
    ...last.processor.map(([name, ms], at): Measured => ({
      what: `the same of ${name}`,
      value: ms / (first.processor[at]?.[1] || 1),
      unit: '×',
    })),
    { what: 'most memory of the API', value: most('api'), unit: 'MB' },
    { what: 'most memory of the worker', value: most('worker'), unit: 'MB' },
  ];
}
