import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePorts } from '#local/ports.ts';
import { postgresBinaries, serverUser } from '#local/postgres/binaries.ts';
import { own } from '#local/postgres/home.ts';
import { removePostgresData, startPostgres } from '#local/postgres.ts';
import { pidOf, placeOf, startLocal, stopLocal, type LocalPlace } from '#providers/replication/localServer.ts';
import { DatabaseServers, onServer, urlOf, type DatabaseServer } from '#providers/replication/servers.ts';
import { makeStandby } from '#providers/replication/standby.ts';

export const calm = {
  signal: new AbortController().signal,
  heartbeat: () => undefined,
  effectKey: 'test',
  stillWanted: async () => undefined,
};

/** Two servers of their own, that a test may kill: the primary "east", and "west", which is a standby once it is made one. */
export class ServerPair {
  readonly east: DatabaseServer;
  readonly west: DatabaseServer;
  readonly folder: string;
  readonly #dataDir: string;

  private constructor(folder: string, east: DatabaseServer, west: DatabaseServer) {
    [this.folder, this.east, this.west] = [folder, east, west];
    this.#dataDir = join(folder, 'east');
  }

  /** @param westHome where the standby's folder shall lie, to limit its disk */
  static async start({
    westHome,
    durable = false,
  }: { westHome?: string; durable?: boolean } = {}): Promise<ServerPair> {
    const folder = await mkdtemp(join(tmpdir(), 'tenantry-pair-'));
    await chmod(folder, 0o711);
    const dataDir = join(folder, 'east');
    await mkdir(dataDir, { mode: 0o711 });
    const [eastPort = 0, westPort = 0] = await freePorts(2);
    await startPostgres({ dataDir, choosePort: async () => eastPort, durable });
    const user = await serverUser();
    const bin = await postgresBinaries(user);
    const home = westHome ?? join(folder, 'west');
    await mkdir(home, { mode: 0o700, recursive: true });
    await own(home, user);
    const eastHome = await realpath(join(dataDir, 'postgres'));
    const server = (name: string, port: number, folderOf: string): DatabaseServer => ({
      name,
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      passwordFile: join(eastHome, 'password'),
      folder: { bin, home: folderOf },
    });
    return new ServerPair(folder, server('east', eastPort, eastHome), server('west', westPort, home));
  }

  get servers(): DatabaseServers {
    return new DatabaseServers([this.east, this.west]);
  }

  follow = (primary: DatabaseServer, standby: DatabaseServer) => makeStandby(primary, standby, calm);

  place = async (server: DatabaseServer): Promise<LocalPlace> => (await placeOf(server))!;

  /** `kill -9` of the postmaster; resolves when it is gone. */
  async kill(server: DatabaseServer): Promise<void> {
    const place = await this.place(server);
    const pid = await pidOf(place);
    if (pid === null) throw new Error(`"${server.name}" does not run`);
    process.kill(pid, 'SIGKILL');
    while ((await pidOf(place)) === pid) await new Promise((resume) => setTimeout(resume, 10));
  }

  async start(server: DatabaseServer): Promise<void> {
    await startLocal(await this.place(server));
  }

  query = <Row extends pg.QueryResultRow>(
    server: DatabaseServer,
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> => onServer(server, async (client) => (await client.query<Row>(text, values)).rows);

  url = (server: DatabaseServer, database?: string): Promise<string> => urlOf(server, database);

  async stop(): Promise<void> {
    for (const server of [this.east, this.west]) await stopLocal(await this.place(server), 'immediate');
    await removePostgresData(this.#dataDir);
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Writing {
  /** Numbers whose commit was confirmed. */
  acknowledged: number[];
  stop(): Promise<void>;
}

/** Writes a number at a time, so many a second, on a few connections; failed ones are not tried again. */
export async function writeTo(url: () => string, perSecond: number): Promise<Writing> {
  const acknowledged: number[] = [];
  let next = 0;
  let stopped = false;
  const began = performance.now();
  const lanes = Array.from({ length: 4 }, async () => {
    let client: pg.Client | null = null;
    let at = '';
    while (!stopped) {
      const due = began + (next * 1_000) / perSecond;
      const wait = due - performance.now();
      if (wait > 0) {
        await new Promise((resume) => setTimeout(resume, wait));
        continue;
      }
      const number = next++;
      try {
        if (!client || at !== url()) {
          await client?.end().catch(() => undefined);
          at = url();
          client = new pg.Client({ connectionString: at, connectionTimeoutMillis: 1_000, query_timeout: 3_000 });
          client.on('error', () => undefined);
          await client.connect();
        }
        await client.query('insert into written (number, filler) values ($1, $2)', [number, filler]);
        acknowledged.push(number);
      } catch {
        const broken = client;
        client = null;
        void broken?.end().catch(() => undefined);
      }
    }
    await client?.end().catch(() => undefined);
  });
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await Promise.all(lanes);
    },
  };
}

const filler = randomBytes(100).toString('hex');
