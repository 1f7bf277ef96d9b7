import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const patienceMs = 10_000;

/** By this word of its command a process is known to be at work for one scratch server and nobody else. */
export const lockOption = (folder: string): string => `--lock-path=${folder}/lock`;

/**
 * Ends every pgBackRest that is at work for a scratch server: a restore that a killed worker left, and those that fetch log ahead of a recovery, which
 * outlive the server that asked.
 */
export async function endAtWork(folder: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const told = new Set<number>();
    for (const latest = Date.now() + patienceMs; Date.now() < latest; await delay(40)) {
      const pids = await atWork(folder);
      if (pids.length === 0) return;
      for (const pid of pids.filter((one) => !told.has(one))) end(pid, signal);
      pids.forEach((pid) => told.add(pid));
    }
  }
  throw new Error('pgBackRest is at work for a scratch server and does not end');
}

async function atWork(folder: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,stat=,args='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, state = '', words = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return `${words} `.includes(`${lockOption(folder)} `) && !state.startsWith('Z') ? [Number(pid)] : [];
  });
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
