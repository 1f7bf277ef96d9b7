import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { checkout } from '#local/paths.ts';

/** Each test has servers and browsers at work besides: a fourth file at once saves no time on two cores, and has the others wait beyond their limits. */
const jobs = 3;
const testMs = 60_000;
const endMs = 10_000;
const slowestTold = 15;

export interface MochaOutcome {
  passed: number;
  failed: number;
  skipped: number;
  failures: readonly { file: string; title: string; waited: boolean }[];
  passesOf: Readonly<Record<string, number>>;
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
  const times = join(place, 'times.jsonl');
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
  const own = (flag: string): boolean => args.some((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const defaults = [
    ...(own('--timeout') ? [] : ['--timeout', String(testMs)]),
    ...(own('--slow') ? [] : ['--slow', '2000']),
    ...(own('--no-parallel') || files.length < 2
      ? []
      : ['--parallel', ...(own('--jobs') ? [] : ['--jobs', String(jobs)])]),
    ...(own('--reporter') ? [] : ['--reporter', join(import.meta.dirname, 'countingReporter.mjs')]),
    ...['--require', join(import.meta.dirname, 'fileHooks.mjs')],
    ...(process.env.CI ? ['--forbid-only'] : []),
  ];
  const child = spawn(process.execPath, [mocha, ...defaults, ...args, ...files], {
    cwd: checkout,
    env: {
      ...env,
      TENANTRY_TEST_COUNTS: counts,
      TENANTRY_TEST_TIMES: times,
      // Hundreds of processes read the same sources: compiled once.
      NODE_COMPILE_CACHE: join(place, 'compiled'),
    },
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
  const none = { passed: 0, failed: 0, skipped: 0, failures: [], passesOf: {} };
  const counted = await readFile(counts, 'utf8').then(
    (text) => JSON.parse(text) as Omit<MochaOutcome, 'exitCode'>,
    () => none,
  );
  await tellSlowest(times);
  await Promise.all([counts, times].map((file) => rm(file, { force: true })));
  return { ...counted, exitCode };
}

async function tellSlowest(times: string): Promise<void> {
  const lines = (await readFile(times, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  if (lines.length < 2) return;
  const files = lines.map((line) => JSON.parse(line) as { file: string; ms: number; processorMs: number });
  const seconds = (ms: number): string => (ms / 1000).toFixed(1).padStart(8);
  console.log('\nslowest files, and the processor time of their own process');
  for (const { file, ms, processorMs } of files.sort((a, b) => b.ms - a.ms).slice(0, slowestTold))
    console.log(`${seconds(ms)} s ${seconds(processorMs)} s  ${file}`);
  const sum = (of: 'ms' | 'processorMs'): string => seconds(files.reduce((all, file) => all + file[of], 0));
  console.log(`${sum('ms')} s ${sum('processorMs')} s  all ${files.length}`);
}
