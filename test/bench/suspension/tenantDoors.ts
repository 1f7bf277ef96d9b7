import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export interface WatchedTenant {
  tenantId: string;
  slug: string;
  key: string;
  database: string;
  role: string;
  password: string;
}

const lookEveryMs = 20;
const patienceMs = 30_000;

/** Every way into a tenant, asked over and over until it refuses; and the sessions of its database until they are ended. */
export class TenantDoors {
  readonly #apiUrls: string[];
  readonly #tenant: WatchedTenant;
  readonly #address: URL;
  readonly #sessions: pg.Client[];
  /** When each session ended. */
  readonly #ended: Promise<number>[];

  private constructor(apiUrls: string[], tenant: WatchedTenant, address: URL, sessions: pg.Client[]) {
    this.#apiUrls = apiUrls;
    this.#tenant = tenant;
    this.#address = address;
    this.#sessions = sessions;
    this.#ended = sessions.map(
      (client) => new Promise((resolve) => client.once('end', () => resolve(performance.now()))),
    );
  }

  static async open(apiUrls: string[], tenant: WatchedTenant, adminUrl: string): Promise<TenantDoors> {
    const address = new URL(adminUrl);
    address.username = tenant.role;
    address.password = encodeURIComponent(tenant.password);
    address.pathname = `/${tenant.database}`;
    const sessions = await Promise.all(Array.from({ length: 3 }, () => connect(address)));
    const [pooled, inTransaction, running] = sessions as [pg.Client, pg.Client, pg.Client];
    await pooled.query('select 1');
    await inTransaction.query('begin');
    await inTransaction.query('select count(*) from schema_migrations');
    running.query('select pg_sleep(600)').catch(() => undefined); // ended by the suspension
    return new TenantDoors(apiUrls, tenant, address, sessions);
  }

  /** Throws when something refuses already: then nothing would be measured. */
  async allOpen(): Promise<void> {
    for (const [name, refuses] of Object.entries(this.#doors()))
      if (await refuses()) throw new Error(`${name} refuses before the suspension`);
  }

  /** For each door how long after `since` the last process refused, in milliseconds; throws when one goes on answering. */
  async refusals(since: number): Promise<Record<string, number>> {
    const waits = Object.entries(this.#doors()).map(
      async ([name, refuses]) => [name, await until(name, refuses)] as const,
    );
    const sessions = Promise.race([
      Promise.all(this.#ended).then((times) => Math.max(...times)),
      delay(patienceMs, null, { ref: false }).then(() => {
        throw new Error('a session of the database was not ended');
      }),
    ]);
    const found = [...(await Promise.all(waits)), ['database sessions', await sessions] as const];
    return Object.fromEntries(found.map(([name, at]) => [name, Math.max(0, at - since)]));
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map((client) => client.end().catch(() => undefined)));
  }

  #doors(): Record<string, () => Promise<boolean>> {
    const { tenantId, slug, key } = this.#tenant;
    const everywhere =
      (path: string, status: number, headers: Record<string, string> = {}) =>
      async () => {
        const answers = await Promise.all(this.#apiUrls.map((url) => fetch(url + path, { headers })));
        await Promise.all(answers.map((answer) => answer.arrayBuffer()));
        return answers.every((answer) => answer.status === status);
      };
    return {
      portal: everywhere(`/api/v1/portals/${slug}`, 403),
      issuer: everywhere(`/t/${tenantId}/.well-known/openid-configuration`, 404),
      'API key': everywhere(`/api/v1/tenants/${tenantId}`, 403, { authorization: `Bearer ${key}` }),
      'database login': () =>
        connect(this.#address).then(
          async (client) => {
            await client.end();
            return false;
          },
          () => true,
        ),
    };
  }
}

async function connect(address: URL): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: address.toString() });
  client.on('error', () => undefined); // it is ended by the suspension
  await client.connect();
  return client;
}

/** When it refused for the first time. */
async function until(name: string, refuses: () => Promise<boolean>): Promise<number> {
  const deadline = performance.now() + patienceMs;
  while (!(await refuses())) {
    if (performance.now() > deadline) throw new Error(`${name} goes on answering`);
    await delay(lookEveryMs);
  }
  return performance.now();
}
