import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, readFile, readlink, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import type { DatabaseServer } from './servers.ts';

/** The folders of a server that runs on this machine, and who runs it. */
export interface LocalPlace {
  bin: string;
  home: string;
  data: string;
  log: string;
  /** As root, PostgreSQL refuses to run: it is lent the owner of its folder. */
  owner: { uid?: number; gid?: number };
}

/** Null for a server that runs elsewhere. */
export async function placeOf({ folder }: DatabaseServer): Promise<LocalPlace | null> {
  if (!folder) return null;
  const home = await realpath(folder.home).catch(() => folder.home);
  return { bin: folder.bin, home, data: join(home, 'data'), log: join(home, 'log'), owner: await ownerOf(home) };
}

/** The owner of a folder, where this process may act as somebody else. */
export async function ownerOf(path: string): Promise<LocalPlace['owner']> {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = await stat(path);
  return { uid, gid };
}

/** The postmaster that serves this folder. A pid file that was left behind, and whose pid is somebody else's by now, is none. */
export async function pidOf({ data }: LocalPlace): Promise<number | null> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => null);
  const pid = Number(text?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isThere(pid)) return null;
  if (process.platform !== 'linux') return pid;
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  if (/\) [ZX] /.test(status)) return null;
  const where = await readlink(`/proc/${pid}/cwd`).catch(() => null);
  return where === (await realpath(data).catch(() => data)) ? pid : null;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Starts it in a session of its own, unless it runs. Throws with the end of its log. */
export async function startLocal(
  place: LocalPlace,
  { seconds = 60, options }: { seconds?: number; options?: string } = {},
): Promise<void> {
  if (await pidOf(place)) return;
  const size = await stat(place.log).then(
    (file) => file.size,
    () => 0,
  );
  for (let attempt = 1; ; attempt++) {
    const { data, log } = place;
    const args = [
      'start',
      '-D',
      data,
      '-l',
      log,
      '-w',
      '-t',
      String(seconds),
      '-s',
      ...(options ? ['-o', options] : []),
    ];
    const ended = await pgCtl(place, args);
    if (ended === 0) return;
    const said = (await readFile(log, 'utf8').catch(() => '')).slice(size).trim();
    // The backends of a server that was killed need a moment to let go of its memory.
    if (attempt < 20 && /shared memory block|is still in use|lock file .* already exists/.test(said)) {
      await delay(250);
      continue;
    }
    if (/No space left on device/.test(said))
      throw new DomainError('server_disk_full', 'The server does not start: its disk is full.', {
        message: said.slice(-600),
      });
    throw new Error(`the server does not start: ${said.split('\n').slice(-6).join(' | ').slice(-900)}`);
  }
}

/**
 * Ends it, harder and harder, and returns only when its process is gone. Resolves at once where none runs. Of this one process: whoever
 * stood still in here, and goes on when somebody has started the server anew, must not take that for one that does not end.
 */
export async function stopLocal(
  place: LocalPlace,
  how: 'fast' | 'immediate' = 'fast',
  only?: number | null,
): Promise<void> {
  const pid = only === undefined ? await pidOf(place) : only;
  if (pid === null) return;
  const harder = [['SIGINT', 20_000], ['SIGQUIT', 5_000], ['SIGKILL', 10_000]] as const; // prettier-ignore
  for (const [signal, patienceMs] of how === 'fast' ? harder : harder.slice(1)) {
    if ((await pidOf(place)) !== pid) return;
    if (await endsBy(place, pid, signal, patienceMs)) return;
  }
  if ((await pidOf(place)) === pid) throw new Error(`process ${pid} does not end, not even by SIGKILL`);
}

async function endsBy(place: LocalPlace, pid: number, signal: NodeJS.Signals, patienceMs: number): Promise<boolean> {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  for (const until = Date.now() + patienceMs; Date.now() < until; await delay(20))
    if ((await pidOf(place)) !== pid) return true;
  return false;
}

const pgCtl = ({ bin, owner }: LocalPlace, args: string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const env = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))), LC_ALL: 'C' }; // prettier-ignore
    // Without stdio of ours the server holds no pipe of this process, and outlives it.
    const child = spawn(join(bin, 'pg_ctl'), args, { ...owner, cwd: '/', stdio: 'ignore', env });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? -1));
  });

/** A file of the server's, of its owner and readable by nobody else; it is whole or not there, also after a power cut. */
export async function writeOwned(place: LocalPlace, file: string, text: string): Promise<void> {
  await rename(await prepareOwned(place, file, text), file);
}

/** The same but for its name, which it still has to get. Returns the one that it has until then. */
export async function prepareOwned({ owner }: LocalPlace, file: string, text: string): Promise<string> {
  const passing = `${file}.${randomUUID().slice(0, 8)}.new`;
  await writeFile(passing, text, { mode: 0o600 });
  const handle = await open(passing, 'r+');
  try {
    if (owner.uid !== undefined && owner.gid !== undefined) await handle.chown(owner.uid, owner.gid);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return passing;
}
