import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TenantPage } from '#contracts/tenants.ts';
import { apiClient } from '#local/demo/apiClient.ts';
import { provisionDemo, removeDemo } from '#local/demo/demoTenants.ts';
import { readOrganisations } from '#local/demo/organisations.ts';
import { signIn } from '#local/demo/signIn.ts';
import { checkout } from '#local/paths.ts';
import { freePorts } from '#local/ports.ts';
import { removePostgresData } from '#local/postgres.ts';
import { listLiving } from '#local/processes.ts';
import { readEnvironment } from '#local/start/secrets.ts';
import { startServers, stopRecordedServers } from '#local/servers.ts';

const readyMs = 90_000;

interface Started {
  child: ChildProcess;
  output(): string;
  ready(): Promise<void>;
  ended: Promise<number | null>;
}

describe('npm start', function () {
  this.timeout(180_000);
  let place: string;
  let dataDir: string;
  let port: number;
  let children: ChildProcess[];

  const start = (change: NodeJS.ProcessEnv = {}): Started => {
    const child = spawn(process.execPath, [join(checkout, 'local', 'start.ts')], {
      env: {
        ...process.env,
        TENANTRY_DATA_DIR: dataDir,
        TENANTRY_PORT: String(port),
        TENANTRY_METRICS_PORT: '0',
        TENANTRY_WORKFLOW_BUNDLE: process.env.TEST_WORKFLOW_BUNDLE,
        TENANTRY_WEB_BUILD: process.env.TEST_WEB_BUILD,
        ...change,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(child, 'close').then(([code]) => code as number | null);
    const ready = async (): Promise<void> => {
      for (const deadline = Date.now() + readyMs; !said.includes('Tenantry is ready at'); await sleep(50)) {
        if (child.exitCode !== null || Date.now() > deadline) throw new Error(`it is not ready: ${said}`);
      }
    };
    return { child, output: () => said, ready, ended };
  };

  beforeEach(async () => {
    children = [];
    place = await mkdtemp(join(tmpdir(), 'start-'));
    await chmod(place, 0o711);
    dataDir = join(place, 'data of it');
    [port = 0] = await freePorts(1);
  });
  afterEach(async () => {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    await stopRecordedServers(dataDir);
    await removePostgresData(dataDir);
    await rm(place, { recursive: true, force: true });
  });

  it('says where everything is, refuses a second one, outlives kill -9, and stops in good order', async () => {
    const first = start();
    await first.ready();
    const address = `http://localhost:${port}`;
    assert.equal(first.output().trim().split('\n').at(-1), `Tenantry is ready at ${address}`);
    assert.match(first.output(), new RegExp(`${address}/setup#[\\w-]{20,}`));
    assert.match(first.output(), /Save this key/);
    assert.match(first.output(), /Temporal UI +http:\/\/localhost:\d+/);
    for (const name of ['master.key', 'database-passwords.json', 'environment']) {
      assert.equal(statSync(join(dataDir, 'secrets', name)).mode & 0o777, 0o600, name);
    }
    assert.equal(Buffer.from(await readFile(join(dataDir, 'secrets', 'master.key'), 'utf8'), 'base64').length, 32);
    assert.equal((await fetch(`${address}/health/ready`)).status, 200);

    const second = start();
    assert.equal(await second.ended, 1);
    assert.ok(
      second.output().includes(`already runs in this folder: process ${first.child.pid}, ${address}`),
      second.output(),
    );

    const servers = await listLiving(join(dataDir, 'run'));
    first.child.kill('SIGKILL');
    await first.ended;
    const third = start();
    await third.ready();
    assert.match(third.output(), new RegExp(`PostgreSQL still runs \\(process ${servers.postgres!.pid}\\)`));
    assert.match(third.output(), new RegExp(`Temporal still runs \\(process ${servers.temporal!.pid}\\)`));
    assert.doesNotMatch(third.output(), /Save this key/);

    third.child.kill('SIGTERM');
    assert.equal(await third.ended, 0);
    assert.match(third.output(), /stopping the API[^]*letting the worker finish[^]*stopping the servers/);
    assert.deepEqual(await listLiving(join(dataDir, 'run')), {});
  });

  it('leaves nothing running when it is stopped while it starts', async () => {
    const started = start();
    for (let tries = 0; !started.output().includes('· ') && tries < 400; tries++) await sleep(25);
    started.child.kill('SIGINT');
    assert.equal(await started.ended, 0);
    assert.deepEqual(await listLiving(join(dataDir, 'run')), {});
    assert.doesNotMatch(started.output(), /is ready at/);
  });

  it('names a taken port, and everything that is wrong with the environment, before it begins', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(port, '127.0.0.1', resolve));
    try {
      const taken = start();
      assert.equal(await taken.ended, 1);
      assert.match(
        taken.output(),
        new RegExp(`Port ${port} \\(Tenantry itself\\) is taken[^]*TENANTRY_PORT=${port + 1}`),
      );
      assert.doesNotMatch(taken.output(), /· |at .*\.ts/);
    } finally {
      blocker.close();
    }
    const wrong = start({ TENANTRY_LOG_LEVEL: 'loud', TENANTRY_ACT_ATTEMPTS: 'many' });
    assert.equal(await wrong.ended, 1);
    assert.match(
      wrong.output(),
      /TENANTRY_LOG_LEVEL[^]*TENANTRY_ACT_ATTEMPTS|TENANTRY_ACT_ATTEMPTS[^]*TENANTRY_LOG_LEVEL/,
    );
  });

  it('says which existing server cannot be reached', async () => {
    const database = start({
      DATABASE_URL: 'postgres://admin:very-secret@127.0.0.1:1/postgres',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    assert.equal(await database.ended, 1);
    assert.match(database.output(), /PostgreSQL at 127\.0\.0\.1:1 \(DATABASE_URL\) cannot be used/);
    assert.doesNotMatch(database.output(), /very-secret/);
  });

  it('works on existing servers with an owner of the environment, and the demo comes and goes', async () => {
    const elsewhere = join(place, 'elsewhere');
    const servers = await startServers({ dataDir: elsewhere, durable: false });
    const owner = { TENANTRY_OWNER_EMAIL: 'owner@example.com', TENANTRY_OWNER_PASSWORD: 'correct horse battery' };
    try {
      const started = start({ ...owner, DATABASE_URL: servers.adminUrl, TEMPORAL_ADDRESS: servers.temporalAddress });
      await started.ready();
      assert.deepEqual(Object.keys(await listLiving(join(dataDir, 'run'))), ['tenantry'], 'no server of its own');
      assert.doesNotMatch(started.output(), /\/setup#/);

      const { TENANTRY_APP_DATABASE_URL: appDatabaseUrl = '' } = await readEnvironment(dataDir);
      const base = `http://127.0.0.1:${port}`;
      const server = { base, publicUrl: `http://localhost:${port}`, appDatabaseUrl };
      const asOperator = await signIn({ ...server, env: {} });
      const asOwner = await signIn({ ...server, env: owner });
      const [one, other] = [apiClient(base, asOperator.cookie), apiClient(base, asOwner.cookie)];
      const organisations = (await readOrganisations()).filter(({ name }) => /York|N'Djamena/.test(name));
      assert.equal(organisations.length, 3);

      const made = await provisionDemo(one, organisations, () => {});
      assert.deepEqual(
        made.map(({ state }) => state),
        ['active', 'active', 'active'],
      );
      assert.deepEqual(made.map(({ slug }) => slug).sort(), [
        'universite-de-ndjamena',
        'york-university',
        'york-university-2',
      ]);
      const again = await provisionDemo(other, organisations, () => {});
      assert.deepEqual(
        again.map(({ isNew }) => isNew),
        [false, false, false],
      );
      assert.equal((await other.get<TenantPage>('/api/v1/tenants')).total, 3);

      await asOperator.end();
      await assert.rejects(one.get('/api/v1/tenants'), /401/);
      assert.deepEqual(await removeDemo(other, () => {}), { removed: 3, left: [] });
      started.child.kill('SIGTERM');
      assert.equal(await started.ended, 0);
    } finally {
      for (const child of children) child.kill('SIGKILL');
      await servers.stop();
      await removePostgresData(elsewhere);
    }
  });
});
