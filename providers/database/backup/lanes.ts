import type pg from 'pg';
import { unlessAborted } from '#domain/backups/format/unlessAborted.ts';
import type { LongSession } from '../stores/longSessions.ts';
import type { StoreConnections } from '../stores/storeConnections.ts';

/** As pg_dump sets them: what is written so is read alike by every PostgreSQL, whatever its own settings. */
export const exactSettings = `
  set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set bytea_output = 'hex'; set extra_float_digits = 3;
  set lc_monetary = 'C'; set xmloption = 'content'; set synchronize_seqscans = off; set statement_timeout = 0`;

const lockTimeoutMs = 10_000;
/** Well below what ends a transaction that lies idle. */
const wakeMs = 30_000;

/** Some connections that see the same moment, lent to one reader each. */
export class Lanes {
  readonly leader: pg.ClientBase;
  readonly #all: LongSession[];
  readonly #free: pg.ClientBase[];
  readonly #asking: ((lane: pg.ClientBase) => void)[] = [];
  readonly #waking: NodeJS.Timeout;
  readonly #signal: AbortSignal;

  private constructor(all: LongSession[], signal: AbortSignal) {
    this.#signal = signal;
    this.leader = all[0]!.client;
    this.#all = all;
    this.#free = all.map(({ client }) => client);
    this.#waking = setInterval(() => this.#wake(), wakeMs).unref();
  }

  /**
   * @param prepare runs on the first of them, in a transaction that has seen nothing yet; what it sees afterwards all see. Says how many are worth it
   */
  static async open(
    connections: StoreConnections,
    database: string,
    { schema, signal }: { schema: string; signal: AbortSignal },
    prepare: (leader: pg.ClientBase) => Promise<{ width: number }>,
  ): Promise<Lanes> {
    const opened: LongSession[] = [];
    const end = () => opened.forEach((lane) => lane.drop());
    signal.addEventListener('abort', end, { once: true });
    const begin = async () => {
      signal.throwIfAborted();
      const session = await connections.session(database);
      opened.push(session);
      const lane = session.client;
      await lane.query(`${exactSettings}; set lock_timeout = ${lockTimeoutMs}; set search_path = ${schema}`);
      await lane.query('begin isolation level repeatable read read only; set local row_security = off');
      return lane;
    };
    try {
      const leader = await begin();
      const { width } = await prepare(leader);
      if (width === 1) return new Lanes(opened, signal);
      const { rows } = await leader.query<{ id: string }>('select pg_export_snapshot() as id');
      for (let more = 1; more < width; more++) await (await begin()).query(`set transaction snapshot '${rows[0]!.id}'`);
      return new Lanes(opened, signal);
    } catch (error) {
      end();
      throw error;
    }
  }

  async take(): Promise<pg.ClientBase> {
    const free = this.#free.pop();
    return free ?? unlessAborted(new Promise((resolve) => this.#asking.push(resolve)), this.#signal);
  }

  giveBack(lane: pg.ClientBase): void {
    const next = this.#asking.shift();
    if (next) next(lane);
    else this.#free.push(lane);
  }

  /** Those that nobody uses would be ended, and the moment with them. */
  #wake(): void {
    for (const lane of this.#free) lane.query('select 1').catch(() => undefined); // whoever takes it is told
  }

  /** @param isOver nothing is under way on any of them: they may be of use to somebody else */
  close(isOver: boolean): void {
    clearInterval(this.#waking);
    for (const lane of this.#all)
      if (isOver) lane.leave();
      else lane.drop();
  }
}
