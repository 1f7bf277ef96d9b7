import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import pg from 'pg';
import { ledgerActivities } from '#activities/ledger.ts';
import { workflowIdOf, type PlannedStep, type RunInput, type StepInput } from '#contracts/workflowInputs.ts';
import { readConfiguration } from '#domain/configuration.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openPlatform, type Platform } from '#domain/platform.ts';
import { Ledger } from '#domain/runs/ledger.ts';
import { addSteps, openRun } from '#domain/runs/openRun.ts';
import { rows } from '#domain/sql.ts';
import { migrate, setUpDatabase } from '#migrations/setUp.ts';
import { createLogger } from '#observability/logging.ts';
import { dataConverterOf, failureConverterPath } from '#temporal/connection.ts';
import { stepInterceptor } from '#workers/stepInterceptor.ts';
import { installRuntime } from '#workers/worker.ts';
import { percentile, type Bench, type Figure } from './figure.ts';
import type { Rival } from './bareSql.ts';

const steps = 8;
const warmUps = 8;
const count = 30;
const atOnce = 100;

/**
 * A saga of eight steps that are transactions in PostgreSQL: the product's, which survives anything, against the public TypeScript
 * sample's way on the same server and the same SQL; taken in turns.
 */
export const sagas: Figure = {
  name: 'sagas',
  async measure(bench) {
    const database = await createDatabase(bench);
    const [ours, sample] = [await startOurs(bench, database), await startSample(bench, database.urls.appUrl)];
    const times = { ours: [] as number[], sample: [] as number[] };
    try {
      for (let i = -warmUps; i < count; i++) {
        const [one, other] = [await timeOf(() => ours.run()), await timeOf(() => sample.run())];
        if (i < 0) continue;
        times.ours.push(one);
        times.sample.push(other);
      }
      const many = (rival: Rival) => timeOf(() => Promise.all(Array.from({ length: atOnce }, () => rival.run())));
      const [oursMany, sampleMany] = [await many(ours), await many(sample)];
      const [p50, other] = [percentile(times.ours, 0.5), percentile(times.sample, 0.5)];
      const [ourRate, sampleRate] = [oursMany, sampleMany].map((ms) => atOnce / (ms / 1000)) as [number, number];
      return [
        { what: 'eight local steps against the sample, p50', value: p50 / other, unit: '×', n: count, limit: { atMost: 0.35 } },
        { what: 'a hundred at once against the sample', value: ourRate / sampleRate, unit: '×', n: atOnce, limit: { atLeast: 2 } },
        { what: 'eight promised, fenced, sealed local steps, p50', value: p50, unit: 'ms', n: count },
        { what: 'eight ordinary activities as in the sample, p50', value: other, unit: 'ms', n: count },
        { what: 'a hundred at once, the product', value: ourRate, unit: '/s', n: atOnce },
        { what: 'a hundred at once, the sample', value: sampleRate, unit: '/s', n: atOnce },
      ]; // prettier-ignore
    } finally {
      await ours.stop();
      await sample.stop();
    }
  },
};

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** What each step does: one row in one transaction; again, or after its undo, it changes nothing. */
const bookingSql = `insert into bookings (saga_id, step) values ($1, $2) on conflict do nothing`;
const releaseSql = `delete from bookings where saga_id = $1 and step = $2`;

type Database = Awaited<ReturnType<typeof createDatabase>>;

async function createDatabase(bench: Bench) {
  const name = `bench_${randomBytes(4).toString('hex')}`;
  const password = () => randomBytes(12).toString('hex');
  const urls = await setUpDatabase({
    adminUrl: bench.servers.adminUrl,
    database: name,
    rolePrefix: name,
    passwords: { migrator: password(), app: password(), provisioner: password(), reader: password() },
  });
  await migrate(urls);
  const owner = new pg.Client({ connectionString: urls.migratorUrl });
  await owner.connect();
  await owner.query('create table bookings (saga_id text, step integer, primary key (saga_id, step))');
  await owner.end();
  return { name, urls };
}

const bundleOf = (workflow: string) =>
  bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'workflows', `${workflow}.ts`),
    failureConverterPath,
    logger: new DefaultLogger('WARN'),
  });

async function startOurs(bench: Bench, { name, urls }: Database): Promise<Rival> {
  const configuration = readConfiguration({
    TENANTRY_APP_DATABASE_URL: urls.appUrl,
    TENANTRY_MASTER_KEY: randomBytes(32).toString('base64'),
    TENANTRY_DATA_DIR: await mkdtemp(join(bench.place, 'data-')),
    TENANTRY_TASK_QUEUE: name,
    TEMPORAL_ADDRESS: bench.servers.temporalAddress,
  });
  const platform = await openPlatform(configuration, { poolSize: 20 });
  const ledger = new Ledger(platform.registry, platform.announcer, configuration);
  const logger = createLogger('worker', { level: 'warn' });
  installRuntime(logger);
  const dataConverter = dataConverterOf(platform);
  const connection = await NativeConnection.connect({ address: bench.servers.temporalAddress });
  const em = () => platform.registry.em.fork();
  const worker = await Worker.create({
    connection,
    taskQueue: name,
    workflowBundle: await bundleOf('eightPromisedSteps'),
    dataConverter,
    interceptors: { activity: [stepInterceptor({ ledger, logger })] },
    activities: {
      ...ledgerActivities({ ledger, configuration, startRun: async () => undefined }),
      'booking.ensure': async ({ runId, stepId }: StepInput) => {
        await rows(em())`
          insert into bookings (saga_id, step) select ${runId}, position from run_steps where id = ${stepId}
          on conflict do nothing`;
      },
      'booking.destroy': async ({ runId }: StepInput) => {
        await rows(em())`delete from bookings where saga_id = ${runId}`;
      },
    },
  });
  const running = worker.run();
  const clientConnection = await Connection.connect({ address: bench.servers.temporalAddress });
  const client = new Client({ connection: clientConnection, dataConverter });
  const tenantId = await addTenant(platform);
  return {
    async run() {
      const input = await openSaga(platform, tenantId);
      const workflowId = workflowIdOf('provisionTenant', tenantId, input.runId);
      await client.workflow.execute('eightPromisedSteps', { taskQueue: name, workflowId, args: [input] });
    },
    async stop() {
      worker.shutdown();
      await running;
      await clientConnection.close();
      await connection.close();
      await platform.close();
    },
  };
}

async function addTenant({ registry, tenantKeys }: Platform): Promise<string> {
  const id = randomUUID();
  await registry.em.fork().transactional(async (em) => {
    await rows(em)`
      insert into tenants (id, name, search_text, plan, region, state) values (${id}, 'Bench', 'bench', 'standard', 'default', 'active')`;
    await tenantKeys.create(em, id);
  });
  return id;
}

/** The rows that promise everything; writing them is part of what is measured. */
async function openSaga({ registry }: Platform, tenantId: string): Promise<RunInput> {
  const runId = randomUUID();
  const found = await registry.em.fork().transactional(async (em) => {
    await openRun(em, { id: runId, kind: 'provisionTenant', tenantId, exclusive: false, cancellable: true }, theSystem);
    await addSteps(
      em,
      runId,
      Array.from({ length: steps }, (_, step) => ({
        title: `Book ${step}`,
        kind: 'resource' as const,
        provider: 'booking',
        act: 'booking.ensure',
        undo: 'booking.destroy',
      })),
    );
    return rows<PlannedStep>(em)`
      select id, position, title, kind, provider, resource_id as "resourceId" from run_steps
      where run_id = ${runId} order by position`;
  });
  const planned = found.map((step) => ({ ...step, isLocal: true as const }));
  return { runId, tenantId, epoch: 1, steps: planned, undoPatienceSeconds: 10, actAttempts: 4 };
}

/** The sample's activities: the same SQL on a pool, and nothing around it. */
const sampleActivities = (pool: pg.Pool) => ({
  async book(sagaId: string, step: number): Promise<void> {
    await pool.query(bookingSql, [sagaId, step]);
  },
  async release(sagaId: string, step: number): Promise<void> {
    await pool.query(releaseSql, [sagaId, step]);
  },
});
export type SampleActivities = ReturnType<typeof sampleActivities>;

async function startSample(bench: Bench, appUrl: string): Promise<Rival> {
  const pool = new pg.Pool({ connectionString: appUrl, max: 20 });
  const taskQueue = `sample-${randomUUID()}`;
  const address = bench.servers.temporalAddress;
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await bundleOf('eightSteps'),
    activities: sampleActivities(pool),
  });
  const running = worker.run();
  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection });
  return {
    async run() {
      const id = randomUUID();
      await client.workflow.execute('eightSteps', { taskQueue, workflowId: `sample/${id}`, args: [id] });
    },
    async stop() {
      worker.shutdown();
      await running;
      await clientConnection.close();
      await connection.close();
      await pool.end();
    },
  };
}
