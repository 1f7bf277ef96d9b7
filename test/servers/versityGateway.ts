import { execFile, spawn } from 'node:child_process';
import { access, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cacheDir } from '#local/paths.ts';
import { freePorts } from '#local/ports.ts';
import { progress } from '#local/progress.ts';

const run = promisify(execFile);
const version = '1.8.0';
const buildMs = 600_000;
const startMs = 15_000;

export interface Gateway {
  /** What an S3 client is told by its environment. */
  env: Record<string, string>;
  /** Each bucket is a folder here. */
  folder: string;
  stop(): Promise<void>;
}

/** What this machine lacks, and the way out. */
export class NoGateway extends Error {
  override readonly name = 'NoGateway';
}

/** A real S3 gateway in front of a folder: from the path, the cache, or built by Go once. */
export async function startGateway(
  place: string,
  buckets: string[],
  {
    keepsMetadata = false,
    keepsVersions = false,
  }: {
    /** Without, a file may be edited behind its back; with, uploads in parts work. */
    keepsMetadata?: boolean;
    /** What is replaced or deleted stays behind; object lock needs it. */
    keepsVersions?: boolean;
  } = {},
): Promise<Gateway> {
  const binary = await findGateway();
  const folder = join(place, 'buckets');
  const sidecar = join(place, 'sidecar');
  await mkdir(sidecar, { recursive: true });
  const versions = join(place, 'versions');
  if (keepsVersions) await mkdir(versions, { recursive: true });
  const keeping = [
    ...(keepsMetadata ? ['--sidecar', sidecar] : ['--nometa']),
    ...(keepsVersions ? ['--versioning-dir', versions] : []),
  ];
  for (const bucket of buckets) await mkdir(join(folder, bucket), { recursive: true });
  const [port = 0] = await freePorts(1);
  const [access, secret] = ['tenantry-test', 'only-for-this-test'];
  const address = `127.0.0.1:${port}`;
  const child = spawn(
    binary,
    ['--port', address, '--access', access, '--secret', secret, '--quiet', 'posix', ...keeping, folder],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (const until = Date.now() + startMs; ; await delay(50)) {
    const answers = await fetch(`http://${address}/`).then(
      () => true,
      () => false,
    );
    if (answers) break;
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`the S3 gateway did not start: ${said}`);
    }
  }
  return {
    env: {
      AWS_ENDPOINT_URL_S3: `http://${address}`,
      AWS_ACCESS_KEY_ID: access,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_REGION: 'us-east-1',
    },
    folder,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function findGateway(): Promise<string> {
  const onPath = await run('versitygw', ['--version']).then(
    () => 'versitygw',
    () => null,
  );
  if (onPath) return onPath;
  const place = join(cacheDir(), `versitygw-${version}`);
  const cached = join(place, 'versitygw');
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
    await progress('building an S3 gateway with Go (once, a minute)', () =>
      run('go', ['install', `github.com/versity/versitygw/cmd/versitygw@v${version}`], {
        cwd: '/',
        env: { ...process.env, GOBIN: passing },
        timeout: buildMs,
      }),
    );
    await rename(join(passing, 'versitygw'), cached);
    return cached;
  } catch (error) {
    throw new NoGateway(
      `An S3 gateway is needed: put versitygw on the path, or install Go (it builds v${version} once).\n${(error as Error).message}`,
      { cause: error },
    );
  }
}
