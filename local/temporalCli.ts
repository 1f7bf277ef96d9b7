import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { cacheDir } from './paths.ts';
import { note, progress, SetupError } from './progress.ts';

const run = promisify(execFile);

/** The newest one that `go install` accepts: later tags carry a replace directive. */
export const cliVersion = '1.5.1';
/** The server inside an older CLI lacks what the workflows need. */
const oldestServer = [1, 27] as const;

const answerMs = 6_000;
const downloadMs = 120_000;

/** Where official archives come from; a mirror in a closed network may be named instead. */
const downloadBase = (env: NodeJS.ProcessEnv): string => env.TENANTRY_TEMPORAL_DOWNLOAD || 'https://temporal.download';

/** The Temporal CLI, whose development server is the embedded one: PATH, then cache, official download, `go install`. */
export async function findTemporalCli(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const onPath = await findOnPath('temporal', env);
  if (onPath) {
    const refusal = await refusalOf(onPath);
    if (!refusal) return onPath;
    note(`${onPath} is not used: ${refusal}`);
  }
  const place = join(cacheDir(env), `temporal-${cliVersion}`);
  const cached = join(place, 'temporal');
  if (!(await refusalOf(cached))) return cached;

  await mkdir(place, { recursive: true });
  const tried: string[] = [];
  for (const way of [download, goInstall]) {
    const passing = await mkdtemp(join(place, 'getting-'));
    try {
      const binary = await way(passing, env);
      const refusal = await refusalOf(binary);
      if (refusal) throw new Error(refusal);
      await rename(binary, cached);
      return cached;
    } catch (error) {
      tried.push(`  ${way === download ? 'download' : 'go install'}: ${(error as Error).message}`);
    } finally {
      await rm(passing, { recursive: true, force: true });
    }
  }
  throw new SetupError(
    [
      'Tenantry needs the Temporal CLI for its local Temporal server and could not get it:',
      ...tried,
      'Any one of these helps:',
      '  1. Install the Temporal CLI so that `temporal --version` works: https://docs.temporal.io/cli/setup-cli',
      `  2. Put its binary (for ${process.platform} ${process.arch}) at ${cached}`,
      '  3. Install Go (1.25 or newer) and start again: Tenantry then builds it, once, in some three minutes.',
      'Or use a Temporal server that runs elsewhere: TEMPORAL_ADDRESS=host:7233 npm start',
    ].join('\n'),
  );
}

export async function findOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  for (const dir of (env.PATH ?? '').split(delimiter)) {
    if (!dir) continue;
    const file = join(dir, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return null;
}

/** Why a binary cannot be used, or null when it can: it is run, as one for another machine only shows itself then. */
async function refusalOf(binary: string): Promise<string | null> {
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: 15_000 });
    const server = /Server (\d+)\.(\d+)/.exec(stdout);
    if (!server) return `it does not say which server it has (${stdout.trim()})`;
    const [major, minor] = [Number(server[1]), Number(server[2])];
    const isRecent = major > oldestServer[0] || (major === oldestServer[0] && minor >= oldestServer[1]);
    return isRecent ? null : `its server is ${major}.${minor}, and ${oldestServer.join('.')} or newer is needed`;
  } catch (error) {
    return (error as Error).message.split('\n')[0]!;
  }
}

async function download(place: string, env: NodeJS.ProcessEnv): Promise<string> {
  const platform = process.platform;
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (!arch || (platform !== 'linux' && platform !== 'darwin')) throw new Error(`none for ${platform} ${process.arch}`);
  const url = `${downloadBase(env)}/cli/archive/v${cliVersion}?platform=${platform}&arch=${arch}`;
  const response = await fetchWithin(url);
  return progress(`downloading Temporal ${cliVersion}`, async () => {
    const archive = join(place, 'temporal.tar.gz');
    await pipeline(Readable.fromWeb(response.body!), createWriteStream(archive));
    await run('tar', ['-xzf', archive, '-C', place, 'temporal']);
    return join(place, 'temporal');
  });
}

/** A network that swallows packets must not cost minutes: the answer has to begin soon, the body may take a while. */
export async function fetchWithin(url: string): Promise<Response> {
  const control = new AbortController();
  const patience = setTimeout(() => control.abort(new Error(`no answer within ${answerMs / 1000} s`)), answerMs);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([control.signal, AbortSignal.timeout(downloadMs)]) });
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    return response;
  } catch (error) {
    const cause = (error as Error).cause;
    throw new Error(cause instanceof Error ? cause.message : (error as Error).message, { cause: error });
  } finally {
    clearTimeout(patience);
  }
}

async function goInstall(place: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (!(await findOnPath('go', env))) throw new Error('there is no Go on the path');
  await progress(`building Temporal ${cliVersion} with Go (once, some three minutes)`, () =>
    untilDone('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${cliVersion}`], { ...env, GOBIN: place }),
  );
  return join(place, 'temporal');
}

export const untilDone = (file: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> =>
  new Promise((resolve, reject) => {
    // Outside any checkout: a go.mod or go.work there would be asked first.
    const child = spawn(file, args, { cwd: '/', env, stdio: ['ignore', 'ignore', 'pipe'] });
    const endWithUs = () => void child.kill();
    process.once('exit', endWithUs);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('exit', endWithUs);
      if (code === 0) resolve();
      else reject(new Error(said.trim().split('\n').slice(-3).join(' ') || `ended with code ${code}`));
    });
  });
