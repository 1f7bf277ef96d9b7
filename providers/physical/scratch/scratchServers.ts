import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { physicalRefusal } from '../refusals.ts';
import {
  isRunning,
  readServer,
  runQuietly,
  startCluster,
  stopCluster,
  type StartOptions,
} from '../server/clusterServer.ts';
import type { ServerUser } from '../server/serverUser.ts';

const Tag = z.object({ id: z.uuid(), port: z.int(), socketDir: z.string(), at: z.iso.datetime() });
type Tag = z.infer<typeof Tag>;

const socketPrefix = 'tenantry-scratch-';

export interface ScratchOptions {
  /** Where scratch servers lie: each in a folder of its own under its id. */
  root: string;
  bin: string;
  user: ServerUser;
}

export interface ScratchPlace extends Tag {
  folder: string;
  data: string;
  /** Where the log of writes lies that the server recovers by. */
  wal: string;
  log: string;
}

/**
 * Throw-away servers beside the production's: a folder of its own, no listening on the net, and a socket in a folder that only the server's user may
 * enter. A tag in the folder tells whose it is, also to whoever finds it after a kill.
 */
export class ScratchServers {
  readonly #options: ScratchOptions;

  constructor(options: ScratchOptions) {
    this.#options = options;
  }

  #place(id: string): Omit<ScratchPlace, keyof Tag> {
    const folder = join(this.#options.root, z.uuid().parse(id));
    return { folder, data: join(folder, 'data'), wal: join(folder, 'wal'), log: join(folder, 'log') };
  }

  /** An empty place; what an earlier attempt left under this id goes first. */
  async make(id: string): Promise<ScratchPlace> {
    const { root, user } = this.#options;
    await this.tearDown(id);
    await mkdir(root, { recursive: true, mode: 0o711 });
    const place = this.#place(id);
    const socketDir = await mkdtemp(join(tmpdir(), socketPrefix));
    for (const folder of [place.folder, place.data, place.wal]) await mkdir(folder, { mode: 0o700 });
    for (const folder of [place.folder, place.data, place.wal, socketDir]) await this.#give(folder);
    await chmod(socketDir, 0o700);
    const tag: Tag = { id, port: await freePort(), socketDir, at: new Date().toISOString() };
    await writeFile(join(place.folder, 'scratch.json'), JSON.stringify(tag), { mode: 0o600 });
    if (user.uid !== undefined) await this.#give(join(place.folder, 'scratch.json'));
    return { ...place, ...tag };
  }

  async #give(path: string): Promise<void> {
    const { uid, gid } = this.#options.user;
    if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
  }

  async find(id: string): Promise<ScratchPlace | null> {
    const place = this.#place(id);
    const text = await readFile(join(place.folder, 'scratch.json'), 'utf8').catch(() => null);
    const tag = text === null ? null : Tag.safeParse(readJson(text));
    return tag?.success && tag.data.id === id ? { ...place, ...tag.data } : null;
  }

  async list(): Promise<string[]> {
    const names = await readdir(this.#options.root).catch(() => []);
    return names.filter((name) => z.uuid().safeParse(name).success);
  }

  /** @param recovery lines of the server's settings */
  async start(place: ScratchPlace, recovery: string[], options: StartOptions): Promise<void> {
    const { bin, user } = this.#options;
    const configFile = join(place.folder, 'scratch.conf');
    const access = join(place.folder, 'hba.conf');
    const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
    const lines = [
      "listen_addresses = ''",
      `port = ${place.port}`,
      `unix_socket_directories = ${quoted(place.socketDir)}`,
      'unix_socket_permissions = 0700',
      `hba_file = ${quoted(access)}`,
      ...["archive_mode = 'off'", 'hot_standby = off', 'max_connections = 60', 'shared_buffers = 128MB'],
      // A server that is thrown away has nothing to lose in a power cut; whoever hands it over syncs it first.
      ...[
        'fsync = off',
        'full_page_writes = off',
        'synchronous_commit = off',
        'max_wal_size = 4GB',
        'checkpoint_timeout = 1h',
      ],
      ...[
        'autovacuum = off',
        'max_locks_per_transaction = 256',
        "timezone = 'UTC'",
        "log_timezone = 'UTC'",
        "huge_pages = 'off'",
        'jit = off',
      ],
      ...recovery,
    ];
    await writeFile(configFile, `${lines.join('\n')}\n`, { mode: 0o600 });
    await writeFile(access, 'local all all trust\n', { mode: 0o600 });
    for (const file of [configFile, access]) await this.#give(file);
    // What the lost server was told by ALTER SYSTEM is kept for whoever takes its place, and steers no scratch server.
    await rename(join(place.data, 'postgresql.auto.conf'), asideOf(place)).catch(() => undefined);
    await writeFile(join(place.data, 'postgresql.auto.conf'), '', { mode: 0o600 });
    await this.#give(join(place.data, 'postgresql.auto.conf'));
    await startCluster({ bin, data: place.data, log: place.log, user, configFile }, options);
  }

  /** Of the superuser that `initdb` made; through the socket nobody is asked for a password. */
  urlOf({ port, socketDir }: Pick<Tag, 'port' | 'socketDir'>, user = 'postgres'): string {
    return `postgres://${encodeURIComponent(user)}@localhost:${port}/postgres?host=${encodeURIComponent(socketDir)}`;
  }

  /** The server begins with recovery, not as if it had crashed. */
  async recoverAtStart({ data }: ScratchPlace): Promise<void> {
    await writeFile(join(data, 'recovery.signal'), '', { mode: 0o600 });
    await this.#give(join(data, 'recovery.signal'));
  }

  async isUp(place: ScratchPlace): Promise<boolean> {
    const server = await readServer(place.data);
    if (!server || server.state !== 'ready' || !(await isRunning(place.data, server.pid))) return false;
    const client = new pg.Client({ connectionString: this.urlOf(place), connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Also where a kill left half of one. */
  async tearDown(id: string): Promise<void> {
    const { folder, data } = this.#place(id);
    const found = await this.find(id);
    await stopCluster(data, 'immediate');
    if (found && basename(found.socketDir).startsWith(socketPrefix))
      await rm(found.socketDir, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /**
   * Stops the server in order, makes sure that everything is on the disk, and moves its data folder to where a server is started from it. Its
   * own settings are those of the cluster that was backed up.
   *
   * @param target is not there
   */
  async handOver(id: string, target: string): Promise<void> {
    const { bin, user } = this.#options;
    const place = await this.find(id);
    if (!place) throw physicalRefusal('physical_not_found', 'There is no such scratch server.');
    if (
      await readdir(target).then(
        () => true,
        () => false,
      )
    )
      throw physicalRefusal(
        'physical_target_taken',
        'The folder that the server is to be handed over to is there already.',
      );
    await stopCluster(place.data, 'fast');
    await rm(join(place.data, 'postgresql.auto.conf'), { force: true });
    await rename(asideOf(place), join(place.data, 'postgresql.auto.conf')).catch(() => undefined);
    await this.#announceTimelines(place);
    await runQuietly(join(bin, 'initdb'), ['--sync-only', '-D', place.data], user);
    await mkdir(dirname(target), { recursive: true });
    await rename(place.data, target);
    await this.tearDown(id);
  }

  /** It archived nothing so far: where its own timeline left the lost server's has to be in the archive before anything on it. */
  async #announceTimelines({ data }: ScratchPlace): Promise<void> {
    const log = join(data, 'pg_wal');
    for (const name of (await readdir(log)).filter((one) => one.endsWith('.history'))) {
      const note = join(log, 'archive_status', `${name}.ready`);
      await writeFile(note, '', { mode: 0o600 });
      await this.#give(note);
    }
  }
}

const asideOf = ({ folder }: ScratchPlace): string => join(folder, 'postgresql.auto.conf');

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
