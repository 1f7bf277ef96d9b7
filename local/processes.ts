import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/**
 * A process that outlives its launcher is known by its pid and the moment it started: a pid alone may have been given to
 * somebody else since, and such a process is never touched.
 */
const ProcessRecord = z.object({
  pid: z.int().positive(),
  startedAt: z.string(),
  details: z.record(z.string(), z.string()),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** A text that no other process of this boot ever has together with the same pid, or null when there is no such process. */
export async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? null : started.join(' ');
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The name in field 2 may hold spaces and brackets: the fields are counted from behind it (state is field 3).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}:${fields[19]}`;
}

export async function describeProcess(pid: number, details: Record<string, string> = {}): Promise<ProcessRecord> {
  const startedAt = await startOf(pid);
  if (startedAt === null) throw new Error(`process ${pid} is not there`);
  return { pid, startedAt, details };
}

export const isAlive = async (record: ProcessRecord): Promise<boolean> =>
  (await startOf(record.pid)) === record.startedAt;

const fileOf = (runDir: string, name: string): string => join(runDir, `${name}.json`);

export async function writeRecord(runDir: string, name: string, record: ProcessRecord): Promise<void> {
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const passing = `${fileOf(runDir, name)}.${process.pid}`;
  await writeFile(passing, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(passing, fileOf(runDir, name));
}

/** The record of a process that is still there; what is told of one that is gone, or cannot be read, is removed. */
export async function readLiving(runDir: string, name: string): Promise<ProcessRecord | null> {
  const text = await readFile(fileOf(runDir, name), 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed = ProcessRecord.safeParse(readJson(text));
  if (parsed.success && (await isAlive(parsed.data))) return parsed.data;
  await removeRecord(runDir, name);
  return null;
}

export const removeRecord = (runDir: string, name: string): Promise<void> => rm(fileOf(runDir, name), { force: true });

export async function listLiving(runDir: string): Promise<Record<string, ProcessRecord>> {
  const names = (await readdir(runDir).catch(() => [])).filter((file) => file.endsWith('.json'));
  const found: Record<string, ProcessRecord> = {};
  for (const file of names) {
    const name = file.slice(0, -'.json'.length);
    const record = await readLiving(runDir, name);
    if (record) found[name] = record;
  }
  return found;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export async function untilGone(record: ProcessRecord, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (await isAlive(record)) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/** Asks by each signal in turn and ends with SIGKILL; a pid that belongs to somebody else by now gets no signal at all. */
export async function stopProcess(
  record: ProcessRecord,
  asking: readonly { signal: NodeJS.Signals; patienceMs: number }[],
): Promise<void> {
  for (const { signal, patienceMs } of [...asking, { signal: 'SIGKILL' as const, patienceMs: 5000 }]) {
    if (!(await isAlive(record))) return;
    try {
      process.kill(record.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    if (await untilGone(record, patienceMs)) return;
  }
  throw new Error(`process ${record.pid} did not end, not even by SIGKILL`);
}
