import type { Socket } from 'node:net';
import pg from 'pg';
import { ProviderError } from '../provider.ts';
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

/** The provisioner's connections, one small pool for each data store. */
export class StoreConnections {
  readonly #url: URL;
  readonly #pools = new Map<string, pg.Pool>();
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
    const left = [...this.#pools.values()];
    this.#pools.clear();
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
    const url = new URL(this.#url);
    url.pathname = `/${databaseName}`;
    const pool = new pg.Pool({
      connectionString: url.toString(),
      max: poolSize,
      idleTimeoutMillis: 30_000,
      connectionTimeoutMillis: connectMs,
      statement_timeout: 25_000,
      lock_timeout: 3_000,
      idle_in_transaction_session_timeout: frozenTransactionMs,
      application_name: 'tenantry provisioner',
      verify: (client: pg.PoolClient, done: (error?: Error) => void) => {
        refuseOldTimeline(client, this.#wanted).then(() => done(), done);
      },
    } as pg.PoolConfig);
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
    try {
      return await this.pool(databaseName).connect();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (error instanceof WrongServer) throw new ProviderError('PostgreSQL', message, { cause: error });
      throw new ProviderError('PostgreSQL', `PostgreSQL cannot be reached (${code ?? message})`, { cause: error });
    }
  }

  /** A connection of its own, for what takes longer than anything that others wait for; whoever asks for it ends it. */
  async alone(databaseName: string): Promise<pg.Client> {
    const url = new URL(this.#url);
    url.pathname = `/${databaseName}`;
    const client = new pg.Client({
      connectionString: url.toString(),
      connectionTimeoutMillis: connectMs,
      lock_timeout: 3_000,
      idle_in_transaction_session_timeout: 120_000,
      application_name: 'tenantry snapshot',
    });
    client.on('error', () => undefined); // the statement under way tells
    await client.connect().catch((error: NodeJS.ErrnoException) => {
      throw new ProviderError('PostgreSQL', `PostgreSQL cannot be reached (${error.code ?? error.message})`, {
        cause: error,
      });
    });
    await refuseOldTimeline(client, this.#wanted).catch(async (error: Error) => {
      await client.end().catch(() => undefined);
      throw new ProviderError('PostgreSQL', error.message, { cause: error });
    });
    return client;
  }

  /** Before a database is dropped: its idle connections would keep it. */
  async forget(databaseName: string): Promise<void> {
    const pool = this.#pools.get(databaseName);
    this.#pools.delete(databaseName);
    await pool?.end();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
  }
}

/** The driver does not tell of it, and has no way of its own to end a connection that does not answer. */
const socketOf = (client: pg.PoolClient): Socket | undefined =>
  (client as unknown as { connection?: { stream?: Socket } }).connection?.stream;
