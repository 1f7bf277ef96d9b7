import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describeProcess, stopProcess, type ProcessRecord } from '#local/processes.ts';

const run = promisify(execFile);

export interface Leftover {
  pid: number;
  command: string;
}

/** Every process that carries the run's mark in its environment or works below its folder, this one excepted. */
export async function findLeftovers(marker: string, place: string): Promise<Leftover[]> {
  const mark = `TENANTRY_TEST_RUN=${marker}`;
  const found = process.platform === 'linux' ? await searchProc(mark, place) : await searchPs(mark, place);
  return found.filter(({ pid }) => pid !== process.pid);
}

async function searchProc(mark: string, place: string): Promise<Leftover[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [environment, folder, command] = await Promise.all([
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      ]);
      const isOurs = environment.split('\0').includes(mark) || folder.startsWith(`${place}/`);
      return isOurs && command ? [{ pid, command: command.replaceAll('\0', ' ').trim().slice(0, 200) }] : [];
    }),
  );
  return found.flat();
}

async function searchPs(mark: string, place: string): Promise<Leftover[]> {
  const { stdout } = await run('ps', ['eww', '-axo', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split('\n')
    .filter((line) => line.includes(mark) || line.includes(place))
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim().slice(0, 200) }))
    .filter(({ command }) => !command.includes('ps eww'));
}

export async function stopLeftovers(left: readonly Leftover[]): Promise<void> {
  for (const { pid } of left) {
    const record: ProcessRecord | null = await describeProcess(pid).catch(() => null);
    if (record) await stopProcess(record, [{ signal: 'SIGTERM', patienceMs: 3000 }]);
  }
}
