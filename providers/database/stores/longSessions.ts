import pg from 'pg';
import { socketOf } from './socketOf.ts';

/** So long one is kept for the next: those of a fleet's nightly copies and restores come one after the other. */
const keptMs = 10_000;
/** As many works as a process has under way; who comes later waits. */
const most = 64;

/** A session for work that may take hours. Exactly one of its ends is told, once. */
export interface LongSession {
  readonly client: pg.ClientBase;
  /** For the next one, as if it were new. Nothing is under way on it; what is left of a transaction is undone. Not waited for. */
  leave(): void;
  /** At once, whatever it is doing. */
  drop(): void;
}

/**
 * Sessions for what takes longer than anything that others wait for. Signing in takes PostgreSQL as long as a small tenant's tables do, and a session
 * that has worked already copies faster than a new one (docs/decisions/0114).
 */
export class LongSessions {
  readonly #pool: pg.Pool;

  constructor(config: pg.PoolConfig) {
    this.#pool = new pg.Pool({ ...config, max: most, idleTimeoutMillis: keptMs, allowExitOnIdle: true });
    this.#pool.on('error', () => undefined); // an idle one was ended by the server
    this.#pool.on('connect', (client) => client.on('error', () => undefined)); // the statement under way tells
  }

  async take(): Promise<LongSession> {
    const client = await this.#pool.connect();
    let isLeft = false;
    const once = (end: () => void) => () => {
      if (isLeft) return;
      isLeft = true;
      end();
    };
    const drop = (): void => {
      socketOf(client)?.destroy();
      client.release(true);
    };
    return {
      client,
      leave: once(() => {
        cleaned(client).then(() => client.release(), drop);
      }),
      drop: once(drop),
    };
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** Settings, roles, prepared statements, temporary tables, advisory locks: nothing of a tenant's work is left to the next. */
async function cleaned(client: pg.PoolClient): Promise<void> {
  if (client.getTransactionStatus() !== 'I') await client.query('rollback');
  await client.query('discard all');
}
