import pg from 'pg';
import { ProviderError } from '../provider.ts';

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

  constructor(provisionerUrl: string) {
    this.#url = new URL(provisionerUrl);
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
    });
    pool.on('error', () => undefined); // an idle connection was dropped; the pool has forgotten it already
    // One that is in use and was dropped between two statements: the next statement tells, the process must live on.
    pool.on('connect', (client) => client.on('error', () => undefined));
    this.#pools.set(databaseName, pool);
    return pool;
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

  async #connect(databaseName: string): Promise<pg.PoolClient> {
    try {
      return await this.pool(databaseName).connect();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new ProviderError('PostgreSQL', `PostgreSQL cannot be reached (${code ?? message})`, { cause: error });
    }
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
