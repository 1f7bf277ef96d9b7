import { execFile } from 'node:child_process';
import { access, chmod, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '#local/paths.ts';
import { progress, SetupError } from '#local/progress.ts';

const run = promisify(execFile);

/** The one in docker-compose.yml. Newer ones ask for a newer Go. */
export const serverVersion = '1.29.1';
const server = `go.temporal.io/server`;

export interface TemporalServerTools {
  server: string;
  /** A folder with `temporal-sql-tool`, as Temporal's admin image has it on its path. */
  toolsDir: string;
  schemaDir: string;
}

/**
 * Temporal's server and schema tool, as production runs them: from the user's cache, else built by Go once (two minutes
 * on two cores). They are not in the Temporal CLI, and there is no official download of them but images.
 */
export async function temporalServerTools(env: NodeJS.ProcessEnv = process.env): Promise<TemporalServerTools> {
  const place = join(cacheDir(env), `temporal-server-${serverVersion}`);
  const tools = {
    server: join(place, 'bin', 'server'),
    toolsDir: join(place, 'bin'),
    schemaDir: join(place, 'schema'),
  };
  if (await isUsable(tools)) return tools;
  await run('go', ['version']).catch((cause: unknown) => {
    throw new SetupError(
      [
        'These tests run Temporal on PostgreSQL, as production does, and need its server, which only Go can build here.',
        `Install Go 1.24 or newer, or put the binaries "server" and "temporal-sql-tool" of ${server}@v${serverVersion} into`,
        `${tools.toolsDir} and its schema/postgresql/v12 into ${tools.schemaDir}.`,
      ].join('\n'),
      { cause },
    );
  });
  await progress(`building the Temporal server ${serverVersion} with Go (once, some two minutes)`, () =>
    build(place, env),
  );
  if (!(await isUsable(tools))) throw new SetupError(`The Temporal server that was built in ${place} does not run.`);
  return tools;
}

async function isUsable({ server, toolsDir, schemaDir }: TemporalServerTools): Promise<boolean> {
  try {
    for (const binary of [server, join(toolsDir, 'temporal-sql-tool')]) {
      const { stdout } = await run(binary, ['--version'], { timeout: 15_000 });
      if (!stdout.includes(serverVersion)) return false;
    }
    await access(join(schemaDir, 'visibility', 'versioned'));
    return true;
  } catch {
    return false;
  }
}

/** The folder appears complete or not at all: another `npm test` may build at the same time. */
async function build(place: string, env: NodeJS.ProcessEnv): Promise<void> {
  await mkdir(join(place, '..'), { recursive: true });
  const passing = await mkdtemp(`${place}.`);
  try {
    const go = async (args: string[]): Promise<string> => {
      const options = { cwd: '/', env: { ...env, GOBIN: join(passing, 'bin') }, maxBuffer: 64 * 1024 * 1024 };
      return (await run('go', args, options)).stdout;
    };
    await go(['install', `${server}/cmd/server@v${serverVersion}`, `${server}/cmd/tools/sql@v${serverVersion}`]);
    await rename(join(passing, 'bin', 'sql'), join(passing, 'bin', 'temporal-sql-tool'));
    const { Dir } = JSON.parse(await go(['mod', 'download', '-json', `${server}@v${serverVersion}`])) as {
      Dir: string;
    };
    await cp(join(Dir, 'schema', 'postgresql', 'v12'), join(passing, 'schema'), { recursive: true });
    await run('chmod', ['-R', 'u+w', passing]); // Go's module cache is read-only
    await chmod(passing, 0o755);
    await rm(place, { recursive: true, force: true });
    await rename(passing, place);
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').slice(-5).join('\n');
    throw new SetupError(`The Temporal server could not be built by Go:\n${said || String(error)}`, { cause: error });
  } finally {
    await rm(passing, { recursive: true, force: true });
  }
}
