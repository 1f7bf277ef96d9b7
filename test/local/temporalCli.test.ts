import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliVersion, findTemporalCli } from '#local/temporalCli.ts';

const cliOf = (server: string): string =>
  `#!/bin/sh\necho "temporal version 0.0.0-DEV (Server ${server}, UI 2.42.1)"\n`;

async function layProgram(file: string, text: string): Promise<void> {
  await writeFile(file, text);
  await chmod(file, 0o755);
}

describe('the way to the Temporal CLI', () => {
  let dir: string;
  let server: Server;
  let asked: string[];
  let archive: Buffer | null;
  const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment = (change: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    PATH: join(dir, 'bin'),
    HOME: dir,
    TENANTRY_CACHE_DIR: join(dir, 'cache'),
    TENANTRY_TEMPORAL_DOWNLOAD: base(),
    ...change,
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cli '));
    await mkdir(join(dir, 'bin'));
    asked = [];
    archive = null;
    server = createServer((request, response) => {
      asked.push(request.url!);
      response.writeHead(archive ? 200 : 404).end(archive ?? '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('takes the one on the path', async () => {
    await layProgram(join(dir, 'bin', 'temporal'), cliOf('1.29.1'));
    assert.equal(await findTemporalCli(environment()), join(dir, 'bin', 'temporal'));
    assert.deepEqual(asked, []);
  });

  it('passes over one on the path that is too old or does not run, and takes the cached one', async () => {
    await layProgram(join(dir, 'bin', 'temporal'), cliOf('1.20.0'));
    const cached = join(dir, 'cache', `temporal-${cliVersion}`);
    await mkdir(cached, { recursive: true });
    await layProgram(join(cached, 'temporal'), cliOf('1.29.1'));
    assert.equal(await findTemporalCli(environment()), join(cached, 'temporal'));
    await layProgram(join(dir, 'bin', 'temporal'), 'not for this machine');
    assert.equal(await findTemporalCli(environment()), join(cached, 'temporal'));
  });

  it('downloads it once for this platform and keeps it', async () => {
    await layProgram(join(dir, 'temporal'), cliOf('1.29.1'));
    archive = execFileSync('tar', ['-czf', '-', '-C', dir, 'temporal']);
    const PATH = process.env.PATH!;
    const withoutTemporal = PATH.split(':')
      .filter((place) => !place.includes('gobuild'))
      .join(':');
    const found = await findTemporalCli(environment({ PATH: withoutTemporal }));
    assert.equal(found, join(dir, 'cache', `temporal-${cliVersion}`, 'temporal'));
    assert.match(asked[0]!, new RegExp(`^/cli/archive/v${cliVersion}\\?platform=(linux|darwin)&arch=(amd64|arm64)$`));
    assert.equal(await findTemporalCli(environment({ PATH: withoutTemporal })), found);
    assert.equal(asked.length, 1);
    assert.deepEqual(await readdir(join(dir, 'cache', `temporal-${cliVersion}`)), ['temporal']);
  });

  it('builds it with Go when it cannot be downloaded', async () => {
    const build = `#!/bin/sh
[ "$1 $2" = "install github.com/temporalio/cli/cmd/temporal@v${cliVersion}" ] || exit 1
printf '%s\\n' '#!/bin/sh' 'echo "temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)"' > "$GOBIN/temporal"
/bin/chmod 755 "$GOBIN/temporal"`;
    await layProgram(join(dir, 'bin', 'go'), build);
    const found = await findTemporalCli(environment());
    assert.equal(found, join(dir, 'cache', `temporal-${cliVersion}`, 'temporal'));
  });

  it('names the ways out when none leads to it', async () => {
    await assert.rejects(findTemporalCli(environment()), (error: Error) => {
      assert.match(error.message, /download: the server answered 404/);
      assert.match(error.message, /go install: there is no Go on the path/);
      for (const way of ['1. Install the Temporal CLI', '2. Put its binary', '3. Install Go', 'TEMPORAL_ADDRESS=']) {
        assert.ok(error.message.includes(way), way);
      }
      return true;
    });
    await assert.rejects(
      findTemporalCli(environment({ TENANTRY_TEMPORAL_DOWNLOAD: 'http://localhost:1' })),
      /download: (bad port|connect ECONNREFUSED)/,
    );
  });
});
