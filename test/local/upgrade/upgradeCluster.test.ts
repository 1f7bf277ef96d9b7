import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { checkout } from '#local/paths.ts';
import { freePorts } from '#local/ports.ts';
import { startPostgres } from '#local/postgres.ts';
import { postgresBinaries, serverUser } from '#local/postgres/binaries.ts';
import { majorOfBinaries } from '#local/postgres/majorVersion.ts';
import { lendFormer } from '#local/postgres/upgrade/bothServers.ts';
import { compareDatabase } from '#local/postgres/upgrade/compareDatabase.ts';
import { dumpModule, formerBinaries, formerServers } from '#local/postgres/upgrade/formerServers.ts';
import { readState } from '#local/postgres/upgrade/upgradeState.ts';
import { tenantry, type Ended } from '#test/cli/tenantry.ts';
import { former, formerInstallation, furnish, type FormerInstallation } from './formerGround.ts';

const seed = 106;

describe('moving the embedded PostgreSQL to the next major', function () {
  this.timeout(180_000);
  let old: FormerInstallation;
  let brought: string;

  before(async () => {
    const user = await serverUser();
    brought = await majorOfBinaries(await postgresBinaries(user), user);
    await dumpModule(process.env); // with whatever this environment says of the registry; the commands below know less
  });
  beforeEach(async () => {
    old = await formerInstallation();
  });
  afterEach(() => old.remove());

  const places = ['TENANTRY_CACHE_DIR', 'XDG_CACHE_HOME', 'TENANTRY_FORMER_POSTGRES', 'npm_execpath'];
  const environment = (change: Record<string, string> = {}): Record<string, string> => ({
    ...Object.fromEntries(places.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    TENANTRY_DATA_DIR: old.dataDir,
    ...change,
  });
  const postgres = (what: 'upgrade' | 'forget', change: Record<string, string> = {}): Promise<Ended> =>
    tenantry(['postgres', what], environment(change));
  const start = () =>
    startPostgres({ dataDir: old.dataDir, durable: false, choosePort: async () => (await freePorts(1))[0]! });
  const ask = async (url: string, text: string): Promise<unknown[][]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query({ text, rowMode: 'array' })).rows as unknown[][];
    } finally {
      await client.end();
    }
  };
  /** The address of the server that is running, for another database or another person. */
  const at = (adminUrl: string, database: string, user?: { name: string; password: string }): string => {
    const url = new URL(adminUrl);
    url.pathname = `/${encodeURI(database)}`;
    if (user) [url.username, url.password] = [encodeURIComponent(user.name), encodeURIComponent(user.password)];
    return url.toString();
  };
  const shop = 'Shop; of one';

  /** The old cluster is held against a new one in which somebody changed one letter, and lost an index. */
  async function tellsWhatDiffers(adminUrl: string): Promise<void> {
    const user = await serverUser();
    const bin = await formerBinaries(former, user, environment());
    const source = await lendFormer({ bin, home: old.home, data: join(old.home, `data.${former}`), user });
    const compare = () =>
      compareDatabase(
        shop,
        { source: source.to(shop), target: { connectionString: at(adminUrl, shop) } },
        AbortSignal.timeout(60_000),
      );
    try {
      await ask(at(adminUrl, shop), `select setval('one.numbers', 41)`); // where it stood
      await compare();
      await ask(at(adminUrl, shop), `update one.article set name = 'Article 7' where name = 'article 7'`);
      await ask(at(adminUrl, shop), `drop index one.days_day_idx`);
      await assert.rejects(
        compare(),
        /missing: index one.days_day_idx[^]*one.article: 2000 rows, \S+ \S+ before, 2000 rows/,
      );
    } finally {
      await source.stop();
    }
  }

  it('carries every database, role, password and row over, keeps the old folder, and lets it go when told to', async () => {
    await old.serve((query) => furnish(query));
    await assert.rejects(start(), /npm run tenantry -- postgres upgrade/);
    const moved = await postgres('upgrade');
    assert.equal(moved.code, 0, moved.said);
    assert.match(moved.said, new RegExp(`Moved from PostgreSQL ${former} to ${brought}: 3 databases, 4005 rows`));
    const server = await start();
    try {
      assert.deepEqual(await ask(server.adminUrl, `select current_setting('server_version_num')::int / 10000`), [
        [Number(brought)],
      ]);
      assert.deepEqual(await ask(server.adminUrl, 'select answer from kept'), [[42]]);
      assert.deepEqual(await ask(at(server.adminUrl, 'template1'), 'select x from of_templates'), [[1]]);
      const one = { name: 'Tenant one', password: 'of one' };
      assert.deepEqual(
        await ask(
          at(server.adminUrl, shop, one),
          `select count(*)::int, current_setting('search_path'), current_setting('timezone'), current_setting('lock_timeout'),
             (select nextval('one.numbers')::int where false) from one.sale`,
        ),
        [[2000, 'one, "Odd, name"', 'Europe/Zurich', '8s', null]],
      );
      const found = await ask(
        at(server.adminUrl, shop),
        `select (select nextval('one.numbers')::int), (select tgenabled from pg_trigger where tgname = 'stamp'),
           (select count from one.days order by day limit 1)::int > 0, (select relispopulated from pg_class where relname = 'blank'),
           (select gross = price * 1.08 from one.article where id = 14), (select sum(hash)::text from (select ('x' || md5(raw))::bit(32)::int as hash from one.article) h)
             = (select sum(('x' || md5(sha256(n::text::bytea)))::bit(32)::int)::text from generate_series(1, 2000) n),
           length(lo_get(4711)), has_column_privilege('reader', 'one.article', 'name', 'select with grant option'),
           has_parameter_privilege('reader', 'work_mem', 'set'), shobj_description((select oid from pg_roles where rolname = 'reader'), 'pg_authid')`,
      );
      assert.deepEqual(found, [[48, 'D', true, false, true, true, 1_800_000, true, true, 'reads; only']]);
      await assert.rejects(
        ask(at(server.adminUrl, shop), `insert into one.sale values (999999, 999999, '2026-01-02')`),
        {
          code: '23503',
        },
      );
      assert.match(await readFile(join(old.home, 'data', 'postgresql.conf'), 'utf8'), /work_mem = '5MB'/);
      await tellsWhatDiffers(server.adminUrl);
    } finally {
      await server.stop();
    }
    const kept = join(old.home, `data.${former}`);
    assert.equal((await readFile(join(kept, 'PG_VERSION'), 'utf8')).trim(), former);
    const again = await postgres('upgrade');
    assert.equal(again.code, 0);
    const forgotten = await postgres('forget');
    assert.deepEqual([forgotten.code, existsSync(kept), await readState(old.home)], [0, false, null], forgotten.said);
    assert.match((await postgres('upgrade')).said, /nothing is to be done/);
    assert.match((await postgres('forget')).said, /Nothing is kept/);
    const last = await start();
    assert.deepEqual(await ask(last.adminUrl, 'select answer from kept'), [[42]]);
    await last.stop();
  });

  it('goes on wherever kill -9 met it, until the new cluster is whole', async () => {
    await old.serve((query) => furnish(query));
    let state = seed;
    const next = (below: number): number => (state = (state * 48271) % 2147483647) % below;
    let kills = 0;
    for (let ended = false; !ended;) {
      assert.ok(kills < 40, 'it comes no further');
      ended = await upgradeKilledAfter(3 + next(8), environment());
      if (!ended) kills += 1;
      // Whatever has happened, there is one cluster that counts, and it is no empty one.
      const counts = (await readFile(join(old.home, 'data', 'PG_VERSION'), 'utf8')).trim();
      assert.ok(counts === (ended ? brought : former) || (await readState(old.home))?.phase !== 'copying');
    }
    assert.ok(kills >= 3, `it was killed ${kills} times`);
    const server = await start();
    assert.deepEqual(await ask(at(server.adminUrl, shop), 'select count(*)::int from one.article'), [[2000]]);
    await server.stop();
  });

  it('ends a switch that was broken off between its two renames before anything else looks', async () => {
    await old.serve((query) => query('create table kept as select 42 as answer').then(() => undefined));
    assert.equal((await postgres('upgrade')).code, 0);
    await rename(join(old.home, 'data'), join(old.home, 'data.next'));
    const file = join(old.home, 'upgrade.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"kept"', '"switching"'));
    const server = await start();
    assert.deepEqual(await ask(server.adminUrl, 'select answer from kept'), [[42]]);
    await server.stop();
    assert.equal((await readState(old.home))?.phase, 'kept');
  });

  it('begins anew when somebody wrote to the old data after it was broken off', async () => {
    await old.serve(async (query) => void (await query('create database first')));
    await upgradeKilledAfter(9, environment());
    assert.deepEqual((await readState(old.home))?.databases, ['first']);
    await old.serve(async (query) => void (await query('create table late as select 7 as x', 'first')));
    const { code, said } = await postgres('upgrade');
    assert.equal(code, 0, said);
    assert.match(said, /was written to since/);
    const server = await start();
    assert.deepEqual(await ask(at(server.adminUrl, 'first'), 'select x from late'), [[7]]);
    await server.stop();
  });

  it('leaves the old data alone when the disk takes no more, and goes on once it does', async () => {
    await old.serve(async (query) => {
      await query(`create table wide as select repeat(md5(n::text), 40) as text from generate_series(1, 40000) n`);
    });
    // No file may grow beyond 32 MiB: the table's has more than twice that.
    const limited = await upgradeUnder('ulimit -f 65536', environment());
    assert.equal(limited.code, 3, limited.said);
    assert.match(limited.said, /could not be moved: .*(?:extend|write|space|too large)[^]*The old data still counts/i);
    assert.equal((await readState(old.home))?.phase, 'copying');
    const { code, said } = await postgres('upgrade');
    assert.equal(code, 0, said);
    const server = await start();
    assert.deepEqual(await ask(server.adminUrl, 'select count(*)::int from wide'), [[40_000]]);
    await server.stop();
  });

  it('refuses what it cannot move, a folder that is none, and a server of another major, and changes nothing', async () => {
    await old.serve(async (query) => {
      await query('create database closed');
      await query('alter database closed allow_connections false');
    });
    const hindered = await postgres('upgrade');
    assert.equal(hindered.code, 3);
    assert.match(hindered.said, /Nothing was changed[^]*the database closed, which lets nobody in/);
    assert.match((await postgres('upgrade', { DATABASE_URL: 'postgres://x@127.0.0.1/x' })).said, /its manual says/);
    const user = await serverUser();
    const present = await postgresBinaries(user);
    assert.match(
      (await postgres('upgrade', { TENANTRY_FORMER_POSTGRES: present })).said,
      new RegExp(`is PostgreSQL ${brought}; the data is of ${former}`),
    );
    const file = join(old.home, 'data', 'PG_VERSION');
    for (const [written, refusal] of [
      ['9', /Reading the data needs PostgreSQL 9.*knows no package[^]*TENANTRY_FORMER_POSTGRES=/],
      [String(Number(brought) + 1), /which is newer than the/],
      ['odd', /is no data folder of PostgreSQL/],
    ] as const) {
      await writeFile(file, `${written}\n`);
      const { code, said } = await postgres('upgrade', { TENANTRY_FORMER_POSTGRES: '' });
      assert.equal(code, 3);
      assert.match(said, refusal);
    }
    await writeFile(file, `${former}\n`);
    await rm(join(old.home, 'data', 'global', 'pg_control'));
    assert.match((await postgres('upgrade')).said, /PostgreSQL did not start/);
    assert.match(
      (await postgres('upgrade', { TENANTRY_DATA_DIR: join(old.dataDir, 'no such') })).said,
      /There is no PostgreSQL/,
    );
    assert.deepEqual([existsSync(join(old.home, 'data.next')), await readState(old.home)], [false, null]);
  });

  it('knows a package of every major that was brought before', () => {
    assert.ok(
      formerServers[String(Number(brought) - 1)],
      'the release that brings a major adds the one that it leaves',
    );
  });
});

/** True when it ended by itself, and well, before so many lines were said. */
async function upgradeKilledAfter(lines: number, env: Record<string, string>): Promise<boolean> {
  const child = spawn(process.execPath, ['cli/main.ts', 'postgres', 'upgrade'], {
    cwd: checkout,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    // What takes longer than a second is announced as well; only what is done counts.
    if (said.split('\n').filter((line) => line.endsWith(' s')).length >= lines) child.kill('SIGKILL');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  assert.ok(code === 0 || child.signalCode === 'SIGKILL', said);
  return code === 0;
}

const upgradeUnder = (limit: string, env: Record<string, string>): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', `${limit}; exec "$0" cli/main.ts postgres upgrade`, process.execPath], {
      cwd: checkout,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('close', (code) => resolve({ code: code ?? -1, said }));
  });
