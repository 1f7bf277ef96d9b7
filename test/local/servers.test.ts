import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { checkout } from '#local/paths.ts';
import { freePorts } from '#local/ports.ts';
import { removePostgresData, startPostgres } from '#local/postgres.ts';
import { describeProcess, listLiving, untilGone } from '#local/processes.ts';
import { startServers, stopRecordedServers } from '#local/servers.ts';
import { prepareTemporal } from '#local/temporalSetUp.ts';

const query = async (url: string, text: string): Promise<Record<string, string>[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

describe('the servers of npm start', () => {
  let place: string;
  let dataDir: string;
  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'servers with spaces '));
    await chmod(place, 0o711);
  });
  beforeEach(async () => {
    dataDir = await mkdtemp(join(place, 'data '));
  });
  afterEach(async () => {
    await stopRecordedServers(dataDir);
    await removePostgresData(dataDir);
  });
  after(() => rm(place, { recursive: true, force: true }));

  it('outlive a launcher that is killed with -9, and are adopted by the next start', async () => {
    const script = `
      const { startServers } = await import(${JSON.stringify(join(checkout, 'local', 'servers.ts'))});
      const { pids } = await startServers({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
      console.log(JSON.stringify(pids));
      setInterval(() => {}, 1000);`;
    const launcher = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    const pids = await new Promise<Record<string, number>>((resolve, reject) => {
      launcher.once('exit', (code) => reject(new Error(`the launcher ended with ${code}: ${said}`)));
      launcher.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const line = said.split('\n').find((text) => text.startsWith('{'));
        if (line) resolve(JSON.parse(line) as Record<string, number>);
      });
    });
    launcher.removeAllListeners('exit');
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');

    const servers = await startServers({ dataDir, durable: false });
    assert.deepEqual(servers.pids, pids);
    assert.equal((await query(servers.adminUrl, 'select 1 as one'))[0]!.one, 1);
    await servers.stop();
    assert.deepEqual(await listLiving(join(dataDir, 'run')), {});
  });

  it('keep their data over a stop and a start', async () => {
    const first = await startServers({ dataDir, durable: false });
    await query(first.adminUrl, 'create table kept as select 42 as answer');
    await prepareTemporal({ address: first.temporalAddress, namespace: 'kept' });
    await first.stop();
    const second = await startServers({ dataDir, durable: false });
    assert.equal((await query(second.adminUrl, 'select answer from kept'))[0]!.answer, 42);
    await prepareTemporal({ address: second.temporalAddress, namespace: 'kept' });
    await second.stop();
  });

  it('are refused when a chosen port is taken, and the other server does not stay', async () => {
    const blocker = createServer();
    const [port = 0] = await freePorts(1);
    await new Promise<void>((resolve) => blocker.listen(port, '127.0.0.1', resolve));
    try {
      await assert.rejects(
        startServers({ dataDir, durable: false, ports: { chosen: { temporalUi: port } } }),
        new RegExp(`Port ${port} \\(Temporal's Web UI\\) is taken by another program[^]*TENANTRY_TEMPORAL_UI_PORT`),
      );
      assert.deepEqual(await listLiving(join(dataDir, 'run')), {});
    } finally {
      blocker.close();
    }
  });
});

describe('the embedded PostgreSQL', () => {
  let dataDir: string;
  const start = () => startPostgres({ dataDir, durable: false, choosePort: async () => (await freePorts(1))[0]! });
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'postgres-'));
  });
  afterEach(async () => {
    await stopRecordedServers(dataDir);
    await removePostgresData(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  });

  it('refuses data of another major version before it touches it, and says the ways out', async () => {
    const first = await start();
    await query(first.adminUrl, 'create table kept as select 42 as answer');
    await first.stop();
    const file = join(await realpath(join(dataDir, 'postgres')), 'data', 'PG_VERSION');
    const brought = (await readFile(file, 'utf8')).trim();
    for (const [written, wayOut] of [
      [String(Number(brought) - 1), /npm run tenantry -- postgres upgrade/],
      [String(Number(brought) + 1), /which is newer than this one/],
    ] as const) {
      await writeFile(file, `${written}\n`);
      await assert.rejects(start(), (error: Error) => {
        assert.match(error.message, new RegExp(`by PostgreSQL ${written};.*brings PostgreSQL ${brought}`));
        assert.match(error.message, /Nothing was changed[^]*DATABASE_URL=postgres:/);
        assert.match(error.message, wayOut);
        return true;
      });
      assert.deepEqual(await listLiving(join(dataDir, 'run')), {});
    }
    await writeFile(file, `${brought}\n`);
    const again = await start();
    assert.equal((await query(again.adminUrl, 'select answer from kept'))[0]!.answer, 42);
    await again.stop();
  });

  it('listens on loopback only, asks for a password, and keeps it from others', async () => {
    const { adminUrl, pid, stop } = await start();
    const settings = await query(
      adminUrl,
      `select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories', 'password_encryption')`,
    );
    assert.deepEqual(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      password_encryption: 'scram-sha-256',
    });
    const wrong = new URL(adminUrl);
    wrong.password = 'wrong';
    await assert.rejects(query(wrong.toString(), 'select 1'), /password authentication failed/);
    assert.equal(statSync(join(dataDir, 'postgres', 'password')).mode & 0o777, 0o600);
    assert.equal(statSync(join(dataDir, 'postgres')).mode & 0o777, 0o700);
    if (process.platform === 'linux') {
      assert.equal(
        readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[3],
        String(pid),
        'leads a session',
      );
      assert.notEqual(
        readFileSync(`/proc/${pid}/status`, 'utf8').match(/^Uid:\s+(\d+)/m)![1],
        '0',
        'does not run as root',
      );
    }
    await stop();
  });

  it('starts again after kill -9, with the pid in its lock file given to somebody else', async () => {
    const first = await start();
    await query(first.adminUrl, 'create table kept as select 42 as answer');
    const record = await describeProcess(first.pid);
    process.kill(first.pid, 'SIGKILL');
    assert.ok(await untilGone(record, 5000));
    const file = join(dataDir, 'postgres', 'data', 'postmaster.pid');
    const lines = readFileSync(file, 'utf8').split('\n');
    await writeFile(file, [String(process.pid), ...lines.slice(1)].join('\n'));
    const second = await start();
    assert.equal((await query(second.adminUrl, 'select answer from kept'))[0]!.answer, 42);
    await second.stop();
  });

  it('is stopped and started anew when it no longer answers', async () => {
    const first = await start();
    process.kill(first.pid, 'SIGSTOP');
    const second = await start();
    assert.notEqual(second.pid, first.pid);
    assert.equal(second.adopted, false);
    await second.stop();
  });

  it('is found when only its own lock file tells of it', async () => {
    const first = await start();
    await rm(join(dataDir, 'run'), { recursive: true });
    const second = await start();
    assert.notEqual(second.pid, first.pid);
    await second.stop();
  });

  it('begins again after an initdb that was broken off', async () => {
    await mkdir(join(dataDir, 'postgres', 'data.new', 'base'), { recursive: true });
    const again = await start();
    await again.stop();
  });

  it('leaves a folder alone that is no cluster of its own', async () => {
    const data = join(dataDir, 'postgres', 'data');
    await mkdir(data, { recursive: true });
    await writeFile(join(data, 'precious'), 'kept');
    await assert.rejects(start(), /is no PostgreSQL data folder/);
    assert.equal(readFileSync(join(data, 'precious'), 'utf8'), 'kept');
  });

  it('keeps its data where its user can reach it when root starts it below a closed folder', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const closed = join(dataDir, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const inside = join(closed, 'data');
    await mkdir(inside, { mode: 0o700 });
    const server = await startPostgres({
      dataDir: inside,
      durable: false,
      choosePort: async () => (await freePorts(1))[0]!,
    });
    try {
      assert.equal((await query(server.adminUrl, 'select 1 as one'))[0]!.one, 1);
      assert.equal(statSync(closed).mode & 0o777, 0o700, 'the closed folder stays closed');
    } finally {
      await server.stop();
    }
    const actual = execFileSync('readlink', [join(inside, 'postgres')], { encoding: 'utf8' }).trim();
    await removePostgresData(inside);
    assert.throws(() => statSync(actual));
  });
});
