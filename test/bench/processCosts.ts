import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ticksMs = 10; // USER_HZ is 100 on every Linux that Node runs on

/** Resident memory of a process and of its children together, in MB. PostgreSQL's shared buffers count in each that touched them. */
export async function residentMb(pid: number): Promise<number> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,rss=']);
  const kilobytes = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([self, parent]) => self === pid || parent === pid)
    .reduce((sum, [, , rss = 0]) => sum + rss, 0);
  return kilobytes / 1024;
}

/** Processor time of a process and its children, the ended ones too, in ms; null where there is no /proc. */
export async function processorMs(pid: number): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(pid)]).catch(() => ({ stdout: '' }));
  const children = stdout.split('\n').map(Number).filter(Boolean);
  const ticks = await Promise.all([ticksOf(pid, true), ...children.map((child) => ticksOf(child, false))]);
  return ticks.reduce((sum, one) => sum + one, 0) * ticksMs;
}

async function ticksOf(pid: number, withEndedChildren: boolean): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return 0; // ended since; its parent counts it from now on
  // Fields 14–17 of proc(5): utime, stime, cutime, cstime; the name in field 2 may hold spaces.
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return user + system + (withEndedChildren ? endedUser + endedSystem : 0);
}
