import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describeProcess, stopProcess } from '../processes.ts';
import { progress, SetupError } from '../progress.ts';
import type { ServerUser } from './binaries.ts';
import { own } from './home.ts';

const run = promisify(execFile);

/** Fast shutdown: sessions are ended, everything is written; the next start needs no recovery. */
export const stoppingPostgres = [
  { signal: 'SIGINT', patienceMs: 20_000 },
  { signal: 'SIGQUIT', patienceMs: 5_000 },
] as const;

/** Where one cluster's parts lie. */
export interface Place {
  bin: string;
  home: string;
  data: string;
  user: ServerUser;
}

/**
 * Makes the cluster unless it is there; a folder that is neither empty nor a cluster is left alone. Its superuser gets a new password, or keeps the
 * one of a cluster that it follows.
 */
export async function initialise(
  { bin, home, data, user }: Place,
  { keepsPassword = false }: { keepsPassword?: boolean } = {},
): Promise<void> {
  if (await exists(join(data, 'PG_VERSION'))) return;
  await progress('creating the PostgreSQL cluster (initdb)', async () => {
    const passwordFile = join(home, 'password');
    await rm(`${data}.new`, { recursive: true, force: true }); // a first start that was broken off
    if (!keepsPassword) await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
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

export async function writeSettings(settings: {
  data: string;
  port: number;
  durable: boolean;
  user: ServerUser;
  /** The value of `archive_command`; null where nobody takes the log away. */
  archiving?: string | null;
}): Promise<void> {
  const { data, port, durable, user, archiving = null } = settings;
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
    ...(archiving === null
      ? []
      : ["archive_mode = 'on'", `archive_command = '${archiving.replaceAll("'", "''")}'`, "archive_timeout = '5min'"]),
  ];
  const file = join(data, 'tenantry.conf');
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  await own(file, user);
}

/**
 * A pid file without a record of ours: the launcher was killed between the two, and its server is stopped; or a reboot gave
 * the pid to somebody else, whom PostgreSQL would take for itself, and the file goes.
 */
export async function settlePidFile(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  const pid = Number(text.split('\n')[0]);
  const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  if (stdout.includes('postgres') && stdout.includes(data))
    await stopProcess(await describeProcess(pid), stoppingPostgres);
  await rm(file, { force: true });
}

/** @param settings stand over what the files of the cluster say, for this once; nothing in them may need quoting */
export async function startServer(
  { bin, home, data, user }: Place,
  settings: Record<string, string> = {},
): Promise<void> {
  const log = join(home, 'log');
  const over = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const args = ['start', '-D', data, '-l', log, '-w', '-t', '60', '-s', ...(over.length ? ['-o', over.join(' ')] : [])];
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

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
