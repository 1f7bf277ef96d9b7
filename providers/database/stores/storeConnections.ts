import pg from 'pg';
import { ProviderError } from '../../provider.ts';
import { LongSessions, type LongSession } from './longSessions.ts';
import { socketOf } from './socketOf.ts';
import { WrongServer, refuseOldTimeline, type StoreAddress } from './storeAddress.ts';

/** A database that holds tenants' schemas. */
export interface DataStore {
  id: string;
  ordinal: number;
  databaseName: string;
}

/** What a frozen process may hold a lock for: after it, the server ends its transaction and others go on. */
const frozenTransactionMs = 5_000;
const poolSize = 12;
/** Waiting for a free connection counts too; well within an activity's thirty seconds. */
const connectMs = 15_000;

/** SQLSTATEs after which the same transaction may simply be tried again. */
const passing = new Set(['XX000', '40001', '40P01', '55P03']);
const tries = 4;

/** Settings of a session that may be at work for hours. */
const longWork = {
  connectionTimeoutMillis: connectMs,
  lock_timeout: 3_000,
  idle_in_transaction_session_timeout: 120_000,
} satisfies pg.ClientConfig;

function unreached(error: NodeJS.ErrnoException): never {
  const { code, message } = error;
  const text = error instanceof WrongServer ? message : `PostgreSQL cannot be reached (${code ?? message})`;
  throw new ProviderError('PostgreSQL', text, { cause: error });
}

/** The provisioner's connections, one small pool for each data store. */
export class StoreConnections {
  readonly #url: URL;
  readonly #pools = new Map<string, pg.Pool>();
  readonly #long = new Map<string, LongSessions>();
  readonly #clients = new Set<pg.PoolClient>();
  #wanted: StoreAddress | null = null;

  constructor(provisionerUrl: string) {
    this.#url = new URL(provisionerUrl);
  }

  /** Where the stores are from now on, and which server may answer there. Connections to where they were are broken off. */
  moveTo(address: StoreAddress): void {
    const { host, port } = address;
    const isElsewhere = host !== this.#url.hostname || String(port) !== this.port;
    const isNewer = this.#wanted !== null && this.#wanted.timeline !== address.timeline;
    this.#wanted = address;
    if (!isElsewhere && !isNewer) return;
    this.#url.hostname = host;
    this.#url.port = String(port);
    const left = [...this.#pools.values(), ...this.#long.values()];
    this.#pools.clear();
    this.#long.clear();
    for (const pool of left) void pool.end().catch(() => undefined);
    // A statement that is under way at the old one must not be waited for: it may be frozen, and it may not be believed.
    for (const client of this.#clients) socketOf(client)?.destroy(new Error('the data stores moved to another server'));
  }

  get provisioner(): string {
    return decodeURIComponent(this.#url.username);
  }

  get host(): string {
    return this.#url.hostname;
  }

  get port(): string {
    return this.#url.port || '5432';
  }

  /** The database where the provisioner is at home: for CREATE DATABASE. */
  get homeDatabase(): string {
    return this.#url.pathname.slice(1) || 'postgres';
  }

  pool(databaseName: string): pg.Pool {
    const known = this.#pools.get(databaseName);
    if (known) return known;
    const pool = new pg.Pool({
      connectionString: this.#urlOf(databaseName),
      max: poolSize,
      idleTimeoutMillis: 30_000,
      connectionTimeoutMillis: connectMs,
      statement_timeout: 25_000,
      lock_timeout: 3_000,
      idle_in_transaction_session_timeout: frozenTransactionMs,
      application_name: 'tenantry provisioner',
      ...this.#verifying,
    });
    pool.on('error', () => undefined); // an idle connection was dropped; the pool has forgotten it already
    // One that is in use and was dropped between two statements: the next statement tells, the process must live on.
    pool.on('connect', (client) => {
      client.on('error', () => undefined);
      this.#clients.add(client);
    });
    pool.on('remove', (client) => this.#clients.delete(client));
    this.#pools.set(databaseName, pool);
    return pool;
  }

  async hasDatabase(databaseName: string): Promise<boolean> {
    const { rowCount } = await this.pool(this.homeDatabase).query(`select 1 from pg_database where datname = $1`, [
      databaseName,
    ]);
    return rowCount === 1;
  }

  /** One transaction in a store; again when PostgreSQL says that trying again may help. */
  async transaction<Result>(databaseName: string, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const client = await this.#connect(databaseName);
      let broken: Error | undefined;
      try {
        await client.query('begin');
        const result = await work(client);
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError));
        if (!passing.has((error as pg.DatabaseError).code ?? '') || attempt >= tries) throw error;
      } finally {
        client.release(broken);
      }
      await new Promise((resume) => setTimeout(resume, 20 * 2 ** attempt * Math.random()));
    }
  }

  /** A connection for work that makes its own transactions and leaves none open. One that broke is not given to anybody else. */
  async lend<Result>(databaseName: string, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.#connect(databaseName);
    let broken = true;
    try {
      const result = await work(client);
      broken = false;
      return result;
    } finally {
      client.release(broken);
    }
  }

  async #connect(databaseName: string): Promise<pg.PoolClient> {
    return this.pool(databaseName).connect().catch(unreached);
  }

  /** For what takes longer than anything that others wait for, and leaves nothing behind in its session. */
  async session(databaseName: string): Promise<LongSession> {
    const known = this.#long.get(databaseName);
    const sessions =
      known ??
      new LongSessions({
        ...{ connectionString: this.#urlOf(databaseName), ...longWork, application_name: 'tenantry long work' },
        ...this.#verifying,
      });
    if (!known) this.#long.set(databaseName, sessions);
    return sessions.take().catch(unreached);
  }

  /** A connection of its own, for what takes longer than anything that others wait for; whoever asks for it ends it. */
  async alone(databaseName: string): Promise<pg.Client> {
    const connectionString = this.#urlOf(databaseName);
    const client = new pg.Client({ connectionString, ...longWork, application_name: 'tenantry snapshot' });
    client.on('error', () => undefined); // the statement under way tells
    await client.connect().catch(unreached);
    await refuseOldTimeline(client, this.#wanted).catch(async (error: Error) => {
      await client.end().catch(() => undefined);
      return unreached(error);
    });
    return client;
  }

  #urlOf(databaseName: string): string {
    const url = new URL(this.#url);
    url.pathname = `/${databaseName}`;
    return url.toString();
  }

  /** Of a pool: each connection is looked at before anybody has it. */
  get #verifying(): pg.PoolConfig {
    return {
      verify: (client: pg.PoolClient, done: (error?: Error) => void) => {
        refuseOldTimeline(client, this.#wanted).then(() => done(), done);
      },
    } as pg.PoolConfig;
  }

  /** Before a database is dropped: its idle connections would keep it. */
  async forget(databaseName: string): Promise<void> {
    const [pool, long] = [this.#pools.get(databaseName), this.#long.get(databaseName)];
    this.#pools.delete(databaseName);
    this.#long.delete(databaseName);
    await Promise.all([pool?.end(), long?.end()]);
  }

  async close(): Promise<void> {
    const left = [...this.#pools.values(), ...this.#long.values()];
    this.#pools.clear();
    this.#long.clear();
    await Promise.all(left.map((pool) => pool.end()));
  }
}
