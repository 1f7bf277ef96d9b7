import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { canEnter, postgresBinaries, reachablePlace, serverUser, type ServerUser } from './postgresBinaries.ts';
import { describeProcess, readLiving, removeRecord, stopProcess, writeRecord } from './processes.ts';
import type { ProcessRecord } from './processes.ts';
import { note, progress, SetupError } from './progress.ts';

const run = promisify(execFile);
export const postgresRecord = 'postgres';

/** Fast shutdown: sessions are ended, everything is written; the next start needs no recovery. */
export const stoppingPostgres = [
  { signal: 'SIGINT', patienceMs: 20_000 },
  { signal: 'SIGQUIT', patienceMs: 5_000 },
] as const;

/** For a server that does not even answer. */
const endingPostgres = [
  { signal: 'SIGINT', patienceMs: 3_000 },
  { signal: 'SIGQUIT', patienceMs: 2_000 },
] as const;

export interface RunningPostgres {
  adminUrl: string;
  port: number;
  pid: number;
  adopted: boolean;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** The folder that everything of this installation lies under. */
  dataDir: string;
  /** Called when a new server is started, not when a living one is adopted. */
  choosePort: () => Promise<number>;
  /** False only where losing the last second in a power cut is no loss: tests. A killed process loses nothing either way. */
  durable?: boolean;
}

/** Starts the embedded PostgreSQL in a session of its own, or adopts the one that an earlier launcher left running. */
export async function startPostgres({
  dataDir,
  choosePort,
  durable = true,
}: PostgresOptions): Promise<RunningPostgres> {
  const runDir = join(dataDir, 'run');
  const living = await readLiving(runDir, postgresRecord);
  if (living) {
    const adopted = await adopt(living, runDir);
    if (adopted) return adopted;
    note(`stopping PostgreSQL (process ${living.pid}), which an earlier start left and which does not answer`);
    await stopProcess(living, endingPostgres);
  }
  const user = await serverUser();
  const bin = await postgresBinaries(user);
  const home = await homeOf(dataDir, user);
  const data = join(home, 'data');
  if (!(await exists(join(data, 'PG_VERSION')))) await initialise({ bin, home, data, user });
  const password = await readFile(join(home, 'password'), 'utf8');
  return progress('PostgreSQL', async () => {
    const port = await choosePort();
    await writeSettings({ data, port, durable, user });
    await settlePidFile(data);
    await startServer({ bin, home, data, user });
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    const record = await describeProcess(pid, { port: String(port), home });
    await writeRecord(runDir, postgresRecord, record);
    return running({ record, runDir, port, password, adopted: false });
  });
}

async function adopt(record: ProcessRecord, runDir: string): Promise<RunningPostgres | null> {
  const { home = '', port = '' } = record.details;
  const password = await readFile(join(home, 'password'), 'utf8').catch(() => null);
  if (password === null) return null;
  const server = running({ record, runDir, port: Number(port), password, adopted: true });
  if (!(await answers(server.adminUrl))) return null;
  note(`PostgreSQL still runs (process ${record.pid}) and is used again`);
  return server;
}

function running(server: {
  record: ProcessRecord;
  runDir: string;
  port: number;
  password: string;
  adopted: boolean;
}): RunningPostgres {
  const { record, runDir, port, password, adopted } = server;
  return {
    adminUrl: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    port,
    pid: record.pid,
    adopted,
    async stop() {
      await stopProcess(record, stoppingPostgres);
      await removeRecord(runDir, postgresRecord);
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const deadline = Date.now() + 5000;
  do {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000, query_timeout: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      return true;
    } catch {
      await sleep(200);
    } finally {
      await client.end().catch(() => {});
    }
  } while (Date.now() < deadline);
  return false;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * `<data folder>/postgres`, or, where PostgreSQL's user cannot enter that, a link from there to a place where it can:
 * opening the folders above the checkout to other users is not ours to do.
 */
async function homeOf(dataDir: string, user: ServerUser): Promise<string> {
  const home = resolve(dataDir, 'postgres');
  // Others may pass through the data folder, and see nothing in it.
  if (user.uid !== undefined) await chmod(dataDir, 0o711);
  const present = await realpath(home).catch(() => null);
  if (present) {
    await own(present, user);
    if (await canEnter(present, user)) return present;
    throw new SetupError(
      `PostgreSQL's user cannot enter ${present} any more: open the folders above it to other users (chmod o+x), or move it.`,
    );
  }
  await rm(home, { force: true }); // a link whose target was deleted
  if (await canEnter(dataDir, user)) {
    await mkdir(home, { mode: 0o700 });
    await own(home, user);
    return home;
  }
  await mkdir(reachablePlace, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    throw new SetupError(
      [
        `PostgreSQL's user cannot enter ${dataDir}, and ${reachablePlace} cannot be made for its data.`,
        'Choose a folder that other users may pass through: TENANTRY_DATA_DIR=/srv/tenantry npm start',
      ].join('\n'),
      { cause },
    );
  });
  const place = await mkdtemp(join(reachablePlace, `${basename(dirname(resolve(dataDir)))}-`));
  await chmod(place, 0o711);
  await writeFile(join(place, 'belongs-to'), `${resolve(dataDir)}\n`, { mode: 0o600 });
  const actual = join(place, 'postgres');
  await mkdir(actual, { mode: 0o700 });
  await own(actual, user);
  await symlink(actual, home);
  note(`PostgreSQL's data lies in ${actual}, as its user cannot enter ${dataDir}`);
  return actual;
}

/** Removes the embedded server's data wherever it lies; for throw-away installations, once the server has stopped. */
export async function removePostgresData(dataDir: string): Promise<void> {
  const home = join(dataDir, 'postgres');
  const actual = await realpath(home).catch(() => null);
  if (actual && dirname(dirname(actual)) === reachablePlace)
    await rm(dirname(actual), { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}

const own = async (path: string, { uid, gid }: ServerUser): Promise<void> => {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
};

interface Place {
  bin: string;
  home: string;
  data: string;
  user: ServerUser;
}

async function initialise({ bin, home, data, user }: Place): Promise<void> {
  await progress('creating the PostgreSQL cluster (initdb)', async () => {
    const passwordFile = join(home, 'password');
    await rm(`${data}.new`, { recursive: true, force: true }); // a first start that was broken off
    await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    await own(passwordFile, user);
    // The built-in locale is the same on every machine; a system's locales are not.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    await runServerTool(join(bin, 'initdb'), ['-D', `${data}.new`, '--no-instructions', ...locale, ...access], user);
    await rename(`${data}.new`, data).catch((cause: Error) => {
      throw new SetupError(`${data} is no PostgreSQL data folder, and it is not empty: look at it, and move it away.`, {
        cause,
      });
    });
  });
}

async function runServerTool(file: string, args: string[], user: ServerUser): Promise<void> {
  await run(file, args, { ...user, cwd: '/', env: serverEnvironment() }).catch(
    (cause: { stderr?: string; message: string }) => {
      throw new SetupError(`${basename(file)} failed:\n${(cause.stderr || cause.message).trim()}`, { cause });
    },
  );
}

/** PG… variables of the person's own shell would steer the server's tools elsewhere. */
const serverEnvironment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))),
  LC_ALL: 'C',
});

async function writeSettings(settings: {
  data: string;
  port: number;
  durable: boolean;
  user: ServerUser;
}): Promise<void> {
  const { data, port, durable, user } = settings;
  const main = join(data, 'postgresql.conf');
  const include = "include = 'tenantry.conf'";
  const text = await readFile(main, 'utf8');
  if (!text.includes(include)) await writeFile(main, `${text}\n${include}\n`);
  const lines = [
    '# Written by Tenantry at every start: what is to stay different goes below the include line of postgresql.conf.',
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    "unix_socket_directories = ''",
    "password_encryption = 'scram-sha-256'",
    'max_connections = 300',
    'max_locks_per_transaction = 256',
    'shared_buffers = 128MB',
    'max_wal_size = 1GB',
    "io_method = 'sync'",
    "huge_pages = 'off'",
    'jit = off',
    "timezone = 'UTC'",
    "log_timezone = 'UTC'",
    "log_line_prefix = '%m [%p] %q%u@%d '",
    `fsync = ${durable ? 'on' : 'off'}`,
    `full_page_writes = ${durable ? 'on' : 'off'}`,
    'synchronous_commit = on',
  ];
  const file = join(data, 'tenantry.conf');
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  await own(file, user);
}

/**
 * A pid file without a record of ours: the launcher was killed between the two, and its server is stopped; or a reboot gave
 * the pid to somebody else, whom PostgreSQL would take for itself, and the file goes.
 */
async function settlePidFile(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  const pid = Number(text.split('\n')[0]);
  const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  if (stdout.includes('postgres') && stdout.includes(data))
    await stopProcess(await describeProcess(pid), stoppingPostgres);
  await rm(file, { force: true });
}

async function startServer({ bin, home, data, user }: Place): Promise<void> {
  const log = join(home, 'log');
  const args = ['start', '-D', data, '-l', log, '-w', '-t', '60', '-s'];
  for (let attempt = 1; ; attempt++) {
    const size = await stat(log).then(
      (file) => file.size,
      () => 0,
    );
    try {
      // pg_ctl puts the server into a session of its own; without stdio of ours it holds no pipe of this process.
      await runQuietly(join(bin, 'pg_ctl'), args, user);
      return;
    } catch (cause) {
      const said = (await readFile(log, 'utf8').catch(() => '')).slice(size).trim().split('\n').slice(-8).join('\n');
      // The backends of a server killed with -9 need a moment to notice and let go of its memory.
      if (attempt < 20 && /shared memory block|is still in use/.test(said)) {
        await sleep(250);
        continue;
      }
      throw new SetupError(`PostgreSQL did not start. The end of ${log}:\n${said || String(cause)}`, { cause });
    }
  }
}

const runQuietly = (file: string, args: string[], user: ServerUser): Promise<void> =>
  new Promise((resolve, reject) => {
    // execFile would wait until the server closes the pipes that it inherits: for ever.
    const child = spawn(file, args, { ...user, cwd: '/', stdio: 'ignore', env: serverEnvironment() });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${basename(file)} ended with ${signal ?? code}`)),
    );
  });
