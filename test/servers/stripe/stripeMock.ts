import { execFile, spawn } from 'node:child_process';
import { access, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cacheDir } from '#local/paths.ts';
import { freePorts } from '#local/ports.ts';
import { progress } from '#local/progress.ts';

const run = promisify(execFile);
const version = '0.203.0';
const buildMs = 600_000;
const startMs = 15_000;

export interface StripeMock {
  url: string;
  stop(): Promise<void>;
}

/** Stripe's own mock: it checks each request against the description of the API, and keeps nothing. From the path, the cache, or built by Go once. */
export async function startStripeMock(): Promise<StripeMock> {
  const binary = await findStripeMock();
  const [port = 0] = await freePorts(1);
  const child = spawn(binary, ['-http-addr', `127.0.0.1:${port}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + startMs; ; await delay(50)) {
    const answers = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answers) break;
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`stripe-mock did not start: ${said}`);
    }
  }
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function findStripeMock(): Promise<string> {
  const isThere = (path: string, args: string[]): Promise<boolean> =>
    run(path, args).then(
      () => true,
      () => false,
    );
  if (await isThere('stripe-mock', ['-version'])) return 'stripe-mock';
  const place = join(cacheDir(), `stripe-mock-${version}`);
  const cached = join(place, 'stripe-mock');
  if (
    await access(cached).then(
      () => true,
      () => false,
    )
  )
    return cached;
  const passing = join(place, `getting-${process.pid}`);
  await mkdir(passing, { recursive: true });
  try {
    await progress('building stripe-mock with Go (once, some seconds)', () =>
      run('go', ['install', `github.com/stripe/stripe-mock@v${version}`], {
        cwd: '/',
        env: { ...process.env, GOBIN: passing },
        timeout: buildMs,
      }),
    );
    await rename(join(passing, 'stripe-mock'), cached);
    return cached;
  } catch (error) {
    throw new Error(
      `stripe-mock is needed: put it on the path, or install Go (it builds v${version} once).\n${(error as Error).message}`,
      { cause: error },
    );
  }
}
