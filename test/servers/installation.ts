import { AssertionError } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Run } from '#contracts/runs.ts';
import type { DecisionKind } from '#contracts/decisions.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { NewTenant } from '#contracts/tenants.ts';
import { scheduledKinds } from '#contracts/schedules.ts';
import { decideSignal } from '#contracts/workflowInputs.ts';
import { readConfiguration, type Configuration } from '#domain/configuration.ts';
import type { Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openPlatform, type Platform } from '#domain/platform.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import { decideRun } from '#domain/runs/deciding/decideRun.ts';
import { rows } from '#domain/sql.ts';
import { findRunView } from '#domain/runs/viewRun.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import { registerTenant, type RegisteredTenant } from '#domain/tenants/registerTenant.ts';
import { buildWorkflows } from '#local/buildWorkflows.ts';
import { createLogger } from '#observability/logging.ts';
import { openTemporalClient, type TemporalClient } from '#temporal/connection.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import { startRun } from '#temporal/startRun.ts';
import { startWorker, type RunningWorker } from '#workers/worker.ts';
import { stepInto, type StepIn } from './faults.ts';
import { patience, waitedTooLong } from '../run/patience.ts';
import { copyMigrated, makeMigrated } from './registry/migratedDatabase.ts';
import { RemoteWorker, type Surroundings } from './remoteWorker.ts';

export interface Servers {
  adminUrl: string;
  temporalAddress: string;
  /** A migrated registry there, to be copied. */
  template?: string;
}

/** What `npm test` hands to every file: one PostgreSQL and one Temporal for all. */
export function testServers(): Servers {
  const adminUrl = process.env['TEST_ADMIN_DATABASE_URL'];
  const temporalAddress = process.env['TEST_TEMPORAL_ADDRESS'];
  const template = process.env['TEST_TEMPLATE_DATABASE'];
  if (!adminUrl || !temporalAddress)
    throw new Error(
      'Run tests by `npm test` (also one file: `npm test -- test/x.test.ts`): it starts the servers they need.',
    );
  return { adminUrl, temporalAddress, ...(template ? { template } : {}) };
}

/** What else a test puts between a worker and the world. */
type WorkerAdaptions = Omit<NonNullable<Parameters<typeof startWorker>[1]>, 'logger'>;

/** A control plane of its own for one test file: own registry, roles, keys, folders and task queue on the shared servers. */
export class TestInstallation {
  readonly env: Record<string, string>;
  readonly configuration: Configuration;
  readonly platform: Platform;
  readonly temporal: TemporalClient;
  readonly adminUrl: string;
  readonly #database: string;
  /** Tests ask many times a second: a connection each time would cost more than the answers. Null where the server may be killed. */
  readonly #admins: pg.Pool | null;
  readonly #workers: RunningWorker[] = [];
  readonly #processes: RemoteWorker[] = [];

  private constructor(
    env: Record<string, string>,
    adminUrl: string,
    database: string,
    {
      configuration,
      platform,
      outlivesTests,
    }: { configuration: Configuration; platform: Platform; outlivesTests: boolean },
  ) {
    this.env = env;
    this.adminUrl = adminUrl;
    this.#database = database;
    this.#admins = outlivesTests ? this.#openAdmins() : null;
    this.configuration = configuration;
    this.platform = platform;
    this.temporal = openTemporalClient(platform);
  }

  /** @param servers others than those that all tests share: for what breaks servers */
  static async start(
    overrides: Record<string, string> = {},
    { adminUrl, temporalAddress, template }: Servers = testServers(),
  ): Promise<TestInstallation> {
    const name = `test_${randomBytes(5).toString('hex')}`;
    const urls = template ? await copyMigrated(template, { adminUrl, name }) : await makeMigrated(adminUrl, name);
    const env: Record<string, string> = {
      TENANTRY_APP_DATABASE_URL: urls.appUrl,
      TENANTRY_PROVISIONER_DATABASE_URL: urls.provisionerUrl,
      TENANTRY_READER_DATABASE_URL: urls.readerUrl,
      TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl,
      TENANTRY_MASTER_KEY: randomBytes(32).toString('base64'),
      TENANTRY_DATA_DIR: await mkdtemp(join(tmpdir(), 'tenantry-test-')),
      TENANTRY_PORT: '0',
      TENANTRY_PUBLIC_URL: 'http://localhost:4400',
      TENANTRY_WORKFLOW_BUNDLE: process.env['TEST_WORKFLOW_BUNDLE'] ?? (await buildWorkflows()),
      TENANTRY_TASK_QUEUE: name,
      TENANTRY_UNDO_PATIENCE_SECONDS: '10',
      TENANTRY_RECONCILE_SECONDS: '2',
      TENANTRY_ACT_ATTEMPTS: '4',
      TENANTRY_LOG_LEVEL: process.env['TENANTRY_LOG_LEVEL'] ?? 'fatal',
      TEMPORAL_ADDRESS: temporalAddress,
      ...overrides,
    };
    const configuration = readConfiguration(env);
    const platform = await openPlatform(configuration);
    return new TestInstallation(env, adminUrl, name, {
      configuration,
      platform,
      outlivesTests: template !== undefined,
    });
  }

  /** One whose registry is there already, with whatever is in it. */
  static async open(env: Record<string, string>, adminUrl: string, database: string): Promise<TestInstallation> {
    const configuration = readConfiguration(env);
    const platform = await openPlatform(configuration);
    return new TestInstallation(env, adminUrl, database, { configuration, platform, outlivesTests: false });
  }

  get em(): Sql {
    return this.platform.registry.em.fork();
  }

  /** A plan with a blueprint of its own, as rows: nothing judges the blueprint. */
  async addPlan(name: string, steps: object[]): Promise<void> {
    await this.asAdmin(null, 'insert into blueprints (name, version, steps) values ($1, 1, $2)', [
      name,
      JSON.stringify(steps),
    ]);
    await this.asAdmin(
      null,
      `insert into plans (name, title, tier, blueprint_name, blueprint_version) values ($1, $1, 'schema', $1, 1)`,
      [name],
    );
  }

  /** A worker in this process, with the test between it and the providers when it wants to be. */
  async startWorker(stepIn?: StepIn, more: WorkerAdaptions = {}): Promise<RunningWorker> {
    const logger = createLogger('test', { level: this.configuration.logLevel });
    const worker = await startWorker(this.configuration, {
      logger,
      ...(stepIn ? { adapt: (deps) => stepInto(deps, stepIn) } : {}),
      ...more,
    });
    this.#workers.push(worker);
    return worker;
  }

  /** A worker in a process of its own, to be killed or frozen. */
  async startWorkerProcess(env: Record<string, string> = {}, surroundings: Surroundings = {}): Promise<RemoteWorker> {
    const worker = await RemoteWorker.start({ ...this.env, ...env }, surroundings);
    this.#processes.push(worker);
    return worker;
  }

  async createTenant(wanted: NewTenant): Promise<RegisteredTenant> {
    const registered = await this.em.transactional((em) =>
      registerTenant(em, this.platform.tenantKeys, wanted, theSystem),
    );
    // A server that is just starting on a busy machine may take longer than an API would wait for it.
    const start = () => startRun(this.platform, this.temporal.client, registered.runId);
    await start().catch(start);
    return registered;
  }

  /** Creates a tenant and waits until it is active. */
  async provision(wanted: NewTenant): Promise<RegisteredTenant> {
    const registered = await this.createTenant(wanted);
    const run = await this.runIsOver(registered.runId);
    if (run.state !== 'succeeded') throw new Error(`provisioning ended ${run.state}: ${run.reason}`);
    return registered;
  }

  async removeTenant(tenantId: string, confirm: string): Promise<RegisteredTenant> {
    const opened = await this.em.transactional((em) => openRemoval(em, tenantId, confirm, theSystem));
    await startRun(this.platform, this.temporal.client, opened.runId);
    return opened;
  }

  async cancelRun(runId: string): Promise<void> {
    await this.em.transactional((em) => requestCancel(em, runId, theSystem));
    const run = await this.run(runId);
    await this.temporal.client.workflow.getHandle(run.temporal.workflowId).cancel();
  }

  /** Decides as a person who has just looked at the run, and tells its workflow. */
  async decide(runId: string, decision: DecisionKind, input?: unknown): Promise<void> {
    const { version, temporal } = await this.run(runId);
    const { decisionId } = await this.em.transactional((em) =>
      decideRun(em, runId, { version, decision, input }, theSystem, this.platform.tenantKeys),
    );
    await this.temporal.client.workflow.getHandle(temporal.workflowId).signal(decideSignal, decisionId);
  }

  /** Waits until a run is in this state. */
  async runIs(state: RunState, runId: string, withinMs = 30_000): Promise<Run> {
    await this.until(`run ${runId} to be ${state}`, withinMs, async () => (await this.#stateOf(runId)) === state);
    return this.run(runId);
  }

  async run(runId: string): Promise<Run> {
    const run = await findRunView(this.em, runId, { uiUrl: null, namespace: this.configuration.temporal.namespace });
    if (!run) throw new Error(`no run ${runId}`);
    return run;
  }

  /** Waits for the end of a run by its ledger. */
  async runIsOver(runId: string, withinMs = 60_000): Promise<Run> {
    await this.until(`run ${runId} to end`, withinMs, async () => runIsOver(await this.#stateOf(runId)));
    return this.run(runId);
  }

  /** What is asked many times a second by many tests at once costs little. */
  async #stateOf(runId: string): Promise<RunState> {
    const [run] = await rows<{ state: RunState }>(this.em)`select state from runs where id = ${runId}`;
    if (!run) throw new Error(`no run ${runId}`);
    return run.state;
  }

  /** Asks again until the answer is there, also where asking fails; what is asserted meanwhile holds at once. */
  async until<Answer>(
    what: string,
    withinMs: number,
    ask: () => Promise<Answer | null | false | undefined>,
  ): Promise<Answer> {
    const began = Date.now();
    for (;;) {
      let cause: unknown;
      const answer = await ask().catch((error: unknown) => {
        if (error instanceof AssertionError) throw error;
        cause = error;
      });
      if (answer) return answer;
      const waitedMs = Date.now() - began;
      if (waitedMs > withinMs * patience) throw waitedTooLong(`waited ${waitedMs} ms for ${what}`, { cause });
      await delay(waitedMs < 1_000 ? 20 : 60);
    }
  }

  /** Rows of any database of the test server, as its administrator. */
  async asAdmin<Row extends pg.QueryResultRow>(
    database: string | null,
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    if (this.#admins && (database ?? this.#database) === this.#database)
      return (await this.#admins.query<Row>(text, values)).rows;
    const client = new pg.Client({ connectionString: this.#adminUrlOf(database ?? this.#database) });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  #openAdmins(): pg.Pool {
    const pool = new pg.Pool({ connectionString: this.#adminUrlOf(this.#database), max: 4, allowExitOnIdle: true });
    pool.on('error', () => undefined); // one that a test ended; the next is another
    return pool;
  }

  #adminUrlOf(database: string): string {
    const url = new URL(this.adminUrl);
    url.pathname = `/${database}`;
    return url.toString();
  }

  async stop(): Promise<void> {
    for (const worker of this.#processes) await worker.kill();
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    const stores = await this.asAdmin<{ database_name: string }>(null, 'select database_name from data_stores');
    for (const kind of scheduledKinds)
      await this.temporal.client.schedule
        .getHandle(scheduleIdOf(kind, this.platform.installation.id))
        .delete()
        .catch(() => undefined); // those that no worker made
    await this.temporal.close();
    await this.platform.close();
    await this.#admins?.end();
    for (const name of [this.#database, ...stores.map((store) => store.database_name)])
      await this.asAdmin('postgres', `drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    await rm(this.configuration.dataDir, { recursive: true, force: true });
  }
}
