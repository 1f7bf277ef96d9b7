import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { cacheDir } from '#local/paths.ts';
import { progress, SetupError } from '#local/progress.ts';
import { fetchWithin, findOnPath, untilDone } from '#local/temporalCli.ts';

const run = promisify(execFile);

export const testServerVersion = '1.32.0';
const name = 'temporal-test-server';
const mainClass = 'io.temporal.testserver.TestServer';

/** Where official archives come from; a mirror in a closed network may be named instead. */
const downloadBase = (env: NodeJS.ProcessEnv): string =>
  env.TENANTRY_TEST_SERVER_DOWNLOAD || 'https://github.com/temporalio/sdk-java/releases/download';

type Way = (passing: string, place: string, env: NodeJS.ProcessEnv) => Promise<void>;

/**
 * Temporal's test server, which lets time pass at will: PATH, then the user's cache, the official download, Maven with Java. Throws
 * {@link SetupError} that tells the ways out: a test that could not run is red, not skipped.
 *
 * @returns the path of an executable that takes `<port> --enable-time-skipping`
 */
export async function findTestServer(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const onPath = await findOnPath(name, env);
  if (onPath) return onPath;
  const place = join(cacheDir(env), `${name}-${testServerVersion}`);
  const cached = join(place, name);
  if (await isThere(cached)) return cached;

  await mkdir(cacheDir(env), { recursive: true });
  const tried: string[] = [];
  for (const [way, get] of Object.entries({ download, Maven: fromMaven } satisfies Record<string, Way>)) {
    const passing = await mkdtemp(`${place}.`);
    try {
      await get(passing, place, env);
      // The folder appears complete or not at all: another `npm test` may do the same at this moment.
      await rm(place, { recursive: true, force: true });
      await rename(passing, place);
      return cached;
    } catch (error) {
      if (await isThere(cached)) return cached; // the other one was faster
      tried.push(`  ${way}: ${(error as Error).message}`);
    } finally {
      await rm(passing, { recursive: true, force: true });
    }
  }
  throw new SetupError(
    [
      'These tests let weeks pass on Temporal’s time-skipping test server, and could not get it:',
      ...tried,
      'Any one of these helps:',
      `  1. Put "${name}" on the PATH (https://github.com/temporalio/sdk-java/releases, version ${testServerVersion}).`,
      `  2. Put its binary (for ${process.platform} ${process.arch}) at ${cached}`,
      '  3. Install Java (17 or newer) and Maven and run the tests again: they get it from Maven Central, once.',
    ].join('\n'),
  );
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const download: Way = async (passing, _place, env) => {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  const platform = { linux: 'linux', darwin: 'macOS' }[process.platform as string];
  if (!arch || !platform) throw new Error(`none for ${process.platform} ${process.arch}`);
  const folder = `${name}_${testServerVersion}_${platform}_${arch}`;
  const response = await fetchWithin(`${downloadBase(env)}/v${testServerVersion}/${folder}.tar.gz`);
  await progress(`downloading Temporal's test server ${testServerVersion}`, async () => {
    const archive = join(passing, 'archive.tar.gz');
    await pipeline(Readable.fromWeb(response.body!), createWriteStream(archive));
    await run('tar', ['-xzf', archive, '-C', passing, '--strip-components=1']);
    await rm(archive);
    await access(join(passing, name));
  });
};

/** The same server as jars, with a script that starts it. */
const fromMaven: Way = async (passing, place, env) => {
  for (const tool of ['java', 'mvn'])
    if (!(await findOnPath(tool, env))) throw new Error(`there is no ${tool} on the path`);
  const project = join(passing, 'pom.xml');
  await writeFile(
    project,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tenantry</groupId><artifactId>test-server</artifactId><version>1</version>
<dependencies><dependency>
<groupId>io.temporal</groupId><artifactId>${name}</artifactId><version>${testServerVersion}</version>
</dependency></dependencies></project>`,
  );
  await progress(`getting Temporal's test server ${testServerVersion} by Maven (once)`, () =>
    untilDone(
      'mvn',
      [
        '-q',
        '-B',
        '-f',
        project,
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${passing}/jars`,
      ],
      env,
    ),
  );
  await access(join(passing, 'jars', `${name}-${testServerVersion}.jar`));
  const script = join(passing, name);
  // One thread to compile and one to collect: it stands beside PostgreSQL and the tests on two cores.
  await writeFile(
    script,
    `#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx512m -cp '${place}/jars/*' ${mainClass} "$@"\n`,
  );
  await chmod(script, 0o755);
};
