import pg from 'pg';

/** What changed: `<kind>:<id>:<version>`. A hint only; whoever cares reads the row. */
export interface Change {
  kind: string;
  id: string;
  version: number;
}

const channel = 'tenantry_changes';
const coalesceMs = 25;
const reconnectMs = 500;

/**
 * Tells other processes that rows changed and hears what they changed. NOTIFY takes an instance-wide lock at commit, so it is
 * never part of a business transaction: changes are gathered for 25 ms and sent afterwards, the newest version of each thing only.
 * Nothing may depend on it: listeners are told of every lost connection and read again.
 */
export class Announcer {
  readonly #url: string;
  readonly #waiting = new Map<string, Change>();
  readonly #changeListeners = new Set<(change: Change) => void>();
  readonly #gapListeners = new Set<() => void>();
  #timer: NodeJS.Timeout | null = null;
  #client: pg.Client | null = null;
  #connecting: Promise<void> | null = null;
  #closed = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Call after the commit. */
  announce(kind: string, id: string, version: number): void {
    if (this.#closed) return;
    const key = `${kind}:${id}`;
    const known = this.#waiting.get(key);
    if (!known || known.version < version) this.#waiting.set(key, { kind, id, version });
    this.#timer ??= setTimeout(() => void this.#send(), coalesceMs);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#changeListeners.add(listener);
    void this.connect();
    return () => this.#changeListeners.delete(listener);
  }

  /** Called whenever changes may have been missed: what was cached must be dropped or read again. */
  onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  get connected(): boolean {
    return this.#client !== null;
  }

  async connect(): Promise<void> {
    if (this.#client || this.#closed) return;
    this.#connecting ??= this.#open().finally(() => (this.#connecting = null));
    await this.#connecting;
  }

  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#waiting.size > 0) await this.#send();
    this.#closed = true;
    await this.#client?.end().catch(() => undefined);
    this.#client = null;
  }

  async #open(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: 'tenantry announcer',
    });
    const lost = () => {
      if (this.#client === client) this.#client = null;
      else if (this.#client !== null) return;
      client.removeAllListeners('end');
      for (const listener of this.#gapListeners) listener();
      if (!this.#closed) setTimeout(() => void this.connect(), reconnectMs).unref();
    };
    client.on('error', () => undefined); // 'end' follows
    client.on('notification', ({ payload }) => this.#hear(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch {
      client.end().catch(() => undefined);
      return lost();
    }
    client.once('end', lost);
    this.#client = client;
    for (const listener of this.#gapListeners) listener(); // what happened before we listened
  }

  #hear(payload: string): void {
    const [kind, id, version] = payload.split(':');
    if (!kind || !id) return;
    for (const listener of this.#changeListeners) listener({ kind, id, version: Number(version) });
  }

  /** One at a time: what is announced meanwhile goes with the next. */
  async #send(): Promise<void> {
    const changes = [...this.#waiting.values()];
    this.#waiting.clear();
    const payloads = changes.map((change) => `${change.kind}:${change.id}:${change.version}`);
    await this.connect();
    try {
      await this.#client?.query(`select pg_notify($1, payload) from unnest($2::text[]) as payload`, [
        channel,
        payloads,
      ]);
    } catch {
      // The connection is gone; the watchers re-read when it is back.
    }
    this.#timer = this.#waiting.size > 0 && !this.#closed ? setTimeout(() => void this.#send(), coalesceMs) : null;
  }
}
