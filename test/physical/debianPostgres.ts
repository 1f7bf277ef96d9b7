import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, appendFile, chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { serverUser } from '#local/postgres/binaries.ts';
import { freePorts } from '#local/ports.ts';

const run = promisify(execFile);
export const debianBin = '/usr/lib/postgresql/15/bin';
const folder = debianBin;

/** PostgreSQL 15 with the tools that the embedded one lacks: what is measured and what it is held against stand on one server. */
export interface DebianPostgres {
  url(database: string): string;
  /** Runs a tool of it; rejects when it fails. Returns how long it took, in ms. */
  tool(name: 'pg_dump' | 'pg_restore' | 'createdb' | 'dropdb', args: string[]): Promise<number>;
  port: number;
  password: string;
  /** Its data folder. */
  data: string;
  /** Settings of it by ALTER SYSTEM, null for as it was; in force when this returns. */
  set(settings: Record<string, string | null>): Promise<void>;
  /** Again, after it was stopped. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * @param place may be entered by PostgreSQL's user
 * @param more lines of its settings, and a folder for its socket, through which the server's own user needs no password
 */
export async function startDebianPostgres(
  place: string,
  more: { settings?: string; socketDir?: string } = {},
): Promise<DebianPostgres> {
  await access(join(folder, 'pg_restore')).catch((cause: unknown) => {
    throw new Error('Debian’s postgresql-15 is needed for pg_dump and pg_restore: apt-get install postgresql-15', {
      cause,
    });
  });
  const user = await serverUser();
  const home = join(place, 'postgresql-15');
  const data = join(home, 'data');
  await mkdir(home, { mode: 0o700 });
  const password = randomBytes(12).toString('hex');
  await writeFile(join(home, 'password'), password, { mode: 0o600 });
  if (user.uid !== undefined) for (const path of [home, join(home, 'password')]) await chown(path, user.uid, user.gid!);
  await chmod(home, 0o711);
  const asServer = { ...user, cwd: '/', env: { LC_ALL: 'C', PATH: process.env['PATH'] } };
  const local = more.socketDir ? 'trust' : 'scram-sha-256';
  const guarded = [
    '--username=postgres',
    `--auth-local=${local}`,
    '--auth-host=scram-sha-256',
    `--pwfile=${home}/password`,
  ];
  await run(
    join(folder, 'initdb'),
    ['-D', data, '--no-instructions', '--encoding=UTF8', '--locale=C', ...guarded],
    asServer,
  );
  const [port = 0] = await freePorts(1);
  // As the embedded server is set, and as durable.
  const settings = `listen_addresses = '127.0.0.1'\nport = ${port}\nunix_socket_directories = '${more.socketDir ?? ''}'\nmax_connections = 100
max_locks_per_transaction = 512\nshared_buffers = 128MB\nmax_wal_size = 1GB\njit = off\ntimezone = 'UTC'\nlog_min_messages = fatal\n${more.settings ?? ''}`;
  await appendFile(join(data, 'postgresql.conf'), settings);
  const control = (...args: string[]) =>
    new Promise<void>((resolve, reject) => {
      const child = spawn(join(folder, 'pg_ctl'), [...args, '-D', data, '-w', '-s', '-l', join(home, 'log')], {
        ...asServer,
        stdio: 'ignore',
      });
      child.once('error', reject);
      child.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`pg_ctl ${args[0]} ended with ${code}`)),
      );
    });
  await control('start');
  const connection = { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres', PGPASSWORD: password };
  return {
    ...{ port, password, data },
    url: (database) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
    async tool(name, args) {
      const startedAt = performance.now();
      await run(join(folder, name), args, { env: { ...process.env, ...connection }, maxBuffer: 64 * 1024 * 1024 });
      return performance.now() - startedAt;
    },
    async set(settings) {
      const client = new pg.Client({ connectionString: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` });
      await client.connect();
      try {
        for (const [name, value] of Object.entries(settings))
          await client.query(
            value === null ? `alter system reset ${name}` : `alter system set ${name} = ${pg.escapeLiteral(value)}`,
          );
        await client.query('select pg_reload_conf()');
      } finally {
        await client.end();
      }
    },
    start: () => control('start'),
    stop: () => control('stop', '-m', 'immediate'),
  };
}
