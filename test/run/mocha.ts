import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { checkout } from '#local/paths.ts';

const jobs = 2;
const testMs = 60_000;
const endMs = 10_000;

export interface MochaOutcome {
  passed: number;
  failed: number;
  skipped: number;
  exitCode: number;
}

export interface MochaRun {
  files: readonly string[];
  args: readonly string[];
  place: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** Runs the files in a process group of their own, which ends as a whole when the run is stopped. */
export async function runMocha({ files, args, place, env, signal }: MochaRun): Promise<MochaOutcome> {
  const counts = join(place, 'counts.json');
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
  const own = (flag: string): boolean => args.some((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const defaults = [
    ...(own('--timeout') ? [] : ['--timeout', String(testMs)]),
    ...(own('--slow') ? [] : ['--slow', '2000']),
    ...(own('--no-parallel') || files.length < 2
      ? []
      : ['--parallel', ...(own('--jobs') ? [] : ['--jobs', String(jobs)])]),
    ...(own('--reporter') ? [] : ['--reporter', join(import.meta.dirname, 'countingReporter.mjs')]),
    ...(env.NODE_V8_COVERAGE ? ['--require', join(import.meta.dirname, 'coverageHook.mjs')] : []),
    ...(process.env.CI ? ['--forbid-only'] : []),
  ];
  const child = spawn(process.execPath, [mocha, ...defaults, ...args, ...files], {
    cwd: checkout,
    env: { ...env, TENANTRY_TEST_COUNTS: counts },
    stdio: 'inherit',
    detached: true,
  });
  const endGroup = (how: NodeJS.Signals): void => {
    try {
      process.kill(-child.pid!, how);
    } catch {
      // Already gone.
    }
  };
  let harder: NodeJS.Timeout | undefined;
  const stop = (): void => {
    endGroup('SIGTERM');
    harder = setTimeout(() => endGroup('SIGKILL'), endMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  clearTimeout(harder);
  signal.removeEventListener('abort', stop);
  const counted = await readFile(counts, 'utf8').catch(() => '{"passed":0,"failed":0,"skipped":0}');
  return { ...(JSON.parse(counted) as Omit<MochaOutcome, 'exitCode'>), exitCode };
}
