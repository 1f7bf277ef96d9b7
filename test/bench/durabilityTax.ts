import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTemporalOnPostgres } from '#test/servers/temporalOnPostgres.ts';
import { startBareSql } from './bareSql.ts';
import { BenchControlPlane } from './benchControlPlane.ts';
import { percentile, type Bench, type Figure, type Measured } from './figure.ts';

const tables = 40;
const indexes = 100;
const warmUps = 4;
const count = 20;

/**
 * What it costs that a step survives anything: the database step of a tenant with 40 tables and 100 indexes through workflow,
 * ledger and codec, against the same SQL on one connection without any of them; taken in turns.
 */
export const durabilityTax: Figure = {
  name: 'durabilityTax',
  async measure(bench) {
    const migrationsDir = await writeMigrations(bench.place);
    const onDevServer = await tax(bench, migrationsDir, 'dev server', 60);
    const dir = await mkdtemp(join(bench.place, 'temporal-'));
    const temporal = await startTemporalOnPostgres({ adminUrl: bench.servers.adminUrl, dir });
    try {
      const servers = { ...bench.servers, temporalAddress: temporal.address };
      return [...onDevServer, ...(await tax({ ...bench, servers }, migrationsDir, 'Temporal on PostgreSQL', 80))];
    } finally {
      await temporal.stop();
    }
  },
};

async function tax(bench: Bench, migrationsDir: string, title: string, atMost: number): Promise<Measured[]> {
  const controlPlane = await BenchControlPlane.start(bench, 'api+worker', {
    TENANTRY_TENANT_MIGRATIONS: migrationsDir,
  });
  const bareSql = await startBareSql(controlPlane.urls.provisionerUrl, migrationsDir);
  const times = { step: [] as number[], whole: [] as number[], sql: [] as number[] };
  try {
    for (let i = -warmUps; i < count; i++) {
      const { runId } = await controlPlane.api.createTenant(`Taxed ${i + warmUps}`);
      const run = await controlPlane.api.succeeded(runId);
      const [before, step] = ['address', 'database'].map((name) => run.steps.find(({ provider }) => provider === name));
      const began = performance.now();
      await bareSql.run();
      if (i < 0) continue;
      times.sql.push(performance.now() - began);
      const [ready, begun, done] = [before?.finishedAt, step?.startedAt, step?.finishedAt].map((time) =>
        Date.parse(time ?? ''),
      ) as [number, number, number];
      times.step.push(done - begun);
      times.whole.push(done - ready); // starting the workflow counts too
    }
  } finally {
    await bareSql.stop();
    await controlPlane.stop();
  }
  const [step, whole, sql] = [times.step, times.whole, times.sql].map((ms) => percentile(ms, 0.5)) as [
    number,
    number,
    number,
  ];
  const overheads = times.whole.map((ms, at) => ms - times.sql[at]!);
  const n = count;
  return [
    { what: `the step against its SQL, ${title}`, value: step / sql, unit: '×', n, limit: { atMost: 1.6 } },
    { what: `the whole overhead, p50, ${title}`, value: percentile(overheads, 0.5), unit: 'ms', n, limit: { atMost } },
    { what: `the step in the ledger, p50, ${title}`, value: step, unit: 'ms', n },
    { what: `the step with the start of its workflow, p50, ${title}`, value: whole, unit: 'ms', n },
    { what: `its SQL on one connection, p50, ${title}`, value: sql, unit: 'ms', n },
  ];
}

/** One migration as a SaaS product of some age would have it. */
async function writeMigrations(place: string): Promise<string> {
  const dir = await mkdtemp(join(place, 'migrations-'));
  const statements: string[] = [];
  for (let table = 0; table < tables; table++)
    statements.push(
      `create table table_${table} (id uuid primary key, parent_id uuid, name text not null, state text not null default 'new',
         amount numeric(12, 2), created_at timestamptz not null default now(), data jsonb not null default '{}');`,
    );
  // The primary keys are indexes too.
  for (let index = 0; index < indexes - tables; index++)
    statements.push(
      `create index index_${index} on table_${index % tables} (${['parent_id', 'state, created_at'][Math.floor(index / tables)]});`,
    );
  await writeFile(join(dir, '0001_product.sql'), statements.join('\n'));
  return dir;
}
