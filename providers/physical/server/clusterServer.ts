import { execFile, spawn } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { physicalRefusal } from '../refusals.ts';
import type { ServerUser } from './serverUser.ts';

const run = promisify(execFile);

/** One cluster and what runs it. */
export interface ServerPlace {
  /** The folder with `pg_ctl` and `postgres`. */
  bin: string;
  data: string;
  /** The file that the server writes its log to. */
  log: string;
  user: ServerUser;
  /** Instead of `postgresql.conf` in the data folder. */
  configFile?: string;
}

export interface StartOptions {
  signal: AbortSignal;
  /** Until it takes sessions; recovery of much log takes long. */
  patienceMs?: number;
  onWait?(): void;
}

/** As the server itself writes it into `postmaster.pid`. */
export interface RunningServer {
  pid: number;
  port: number;
  socketDir: string;
  /** `standby`: it recovers and takes no sessions; `ready`: it takes some, of readers at least. */
  state: 'starting' | 'stopping' | 'standby' | 'ready';
}

/**
 * Starts a server in a session of its own and waits until it takes sessions: of readers where it follows or recovers, as `pg_is_in_recovery` tells.
 *
 * @throws `physical_server_refused`
 */
export async function startCluster(place: ServerPlace, options: StartOptions): Promise<RunningServer> {
  const { signal, patienceMs = 600_000, onWait } = options;
  const from = await sizeOf(place.log);
  const settings = place.configFile ? ['-o', `-c config_file='${place.configFile}'`] : [];
  const args = ['start', '-W', '-s', '-D', place.data, '-l', place.log, ...settings];
  await runQuietly(join(place.bin, 'pg_ctl'), args, place.user);
  for (const latest = Date.now() + patienceMs; ;) {
    signal.throwIfAborted();
    const server = await readServer(place.data);
    if (server?.state === 'ready' && (await isRunning(place.data, server.pid))) return server;
    if (!(await mayStillCome(place.data, server))) throw await refusedStart(place, from);
    if (Date.now() > latest) throw await refusedStart(place, from, 'It did not get ready in time.');
    onWait?.();
    await delay(40);
  }
}

/** Between the start of the process and its pid file there is a moment; a server that ends takes its file with it. */
async function mayStillCome(data: string, server: RunningServer | null): Promise<boolean> {
  for (let times = 0; times < 50; times++) {
    if (server && (await isRunning(data, server.pid))) return true;
    await delay(40);
    const now = await readServer(data);
    if (now && (await isRunning(data, now.pid))) return true;
    if (times > 10 && !now) return false;
    server = now;
  }
  return false;
}

async function refusedStart({ data, log }: ServerPlace, from: number, why?: string) {
  const said = await logSince(log, from);
  const lines = said.split('\n').filter((line) => /FATAL|PANIC|ERROR|invalid value/.test(line));
  const error = physicalRefusal(
    'physical_server_refused',
    `The recovered server did not start. ${why ?? 'The end of its log tells why.'}`,
    new Error(`${basename(data)}: ${(lines.length > 0 ? lines : said.split('\n')).slice(-6).join(' | ')}`),
  );
  return Object.assign(error, { log: said });
}

/** What a server wrote into its log since a size that it had. */
export async function logSince(log: string, from: number): Promise<string> {
  return (await readFile(log, 'utf8').catch(() => '')).slice(from);
}

export const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** The server of a data folder as its pid file tells it; null when there is none. It may have been killed since. */
export async function readServer(data: string): Promise<RunningServer | null> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => null);
  if (text === null) return null;
  const [pid, , , port, socketDir = '', , , state = ''] = text.split('\n').map((line) => line.trim());
  const number = Number(pid);
  if (!Number.isInteger(number) || number <= 0) return null;
  const known = (['stopping', 'standby', 'ready'] as const).find((one) => one === state) ?? 'starting';
  return { pid: number, port: Number(port), socketDir, state: known };
}

/** Whether this process is the server of this folder: after a reboot the pid may be somebody else's, who is left alone. */
export async function isRunning(data: string, pid: number): Promise<boolean> {
  const { stdout } = await run('ps', ['-o', 'stat=,command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.includes('postgres') && stdout.includes(data) && !stdout.trimStart().startsWith('Z');
}

const asking = {
  /** Sessions are ended and everything is written. */
  fast: ['SIGINT', 'SIGQUIT', 'SIGKILL'],
  /** As if it had lost its power: for what is thrown away, or fenced. */
  immediate: ['SIGQUIT', 'SIGKILL'],
} as const;

/** Stops the server of a folder, however it takes it; that none runs is success. */
export async function stopCluster(data: string, how: keyof typeof asking = 'fast'): Promise<void> {
  const server = await readServer(data);
  if (server && (await isRunning(data, server.pid))) {
    for (const signal of asking[how]) {
      kill(server.pid, signal);
      if (await isGone(data, server.pid, signal === 'SIGINT' ? 60_000 : 8_000)) break;
    }
    if (await isRunning(data, server.pid)) throw new Error(`the server (process ${server.pid}) did not end`);
  }
  await rm(join(data, 'postmaster.pid'), { force: true });
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function isGone(data: string, pid: number, patienceMs: number): Promise<boolean> {
  for (const latest = Date.now() + patienceMs; await isRunning(data, pid); await delay(40))
    if (Date.now() > latest) return false;
  return true;
}

/** The server's own tools, without what the person's shell says of other servers. */
export const serverEnvironment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))),
  LC_ALL: 'C',
});

export const runQuietly = (file: string, args: string[], user: ServerUser): Promise<void> =>
  new Promise((resolve, reject) => {
    // execFile would wait until the server closes the pipes that it inherits: for ever.
    const child = spawn(file, args, { ...user, cwd: '/', stdio: 'ignore', env: serverEnvironment() });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${basename(file)} ended with ${signal ?? code}`)),
    );
  });
