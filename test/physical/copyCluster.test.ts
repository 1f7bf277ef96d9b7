import assert from 'node:assert/strict';
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { DomainError } from '#contracts/errors.ts';
import { freePorts } from '#local/ports.ts';
import { postgresBinaries, serverUser } from '#local/postgres/binaries.ts';
import { copyCluster } from '#providers/physical/lowlevel/copyCluster.ts';
import { withOnlineCopy } from '#providers/physical/lowlevel/onlineCopy.ts';
import { readServer, startCluster, stopCluster } from '#providers/physical/server/clusterServer.ts';
import { startPostgres, type RunningPostgres } from '#local/postgres.ts';

const never = new AbortController().signal;

describe('a copy of a running cluster', () => {
  let place: string;
  let primary: RunningPostgres;
  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'copied cluster '));
    await chmod(place, 0o711);
    const [port] = await freePorts(1);
    primary = await startPostgres({ dataDir: join(place), durable: false, choosePort: () => Promise.resolve(port!) });
    await ask(primary.adminUrl, `create table notes (id int primary key, text text)`);
  });
  after(async () => {
    await primary.stop();
    await rm(place, { recursive: true, force: true });
  });

  async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  it('starts as a standby that holds what was written before, while and after it was copied', async () => {
    const target = join(place, 'standby');
    await ask(primary.adminUrl, `insert into notes select n, 'before' from generate_series(1, 1000) n`);
    let writing: Promise<unknown> | null = null;
    const copied = await copyCluster({ adminUrl: primary.adminUrl }, target, {
      signal: never,
      onProgress: ({ files }) => {
        if (files === 100)
          writing = ask(primary.adminUrl, `insert into notes select n, 'while' from generate_series(1001, 2000) n`);
      },
    });
    await Promise.resolve(writing);
    assert.ok(copied.files > 500, String(copied.files));
    assert.match(await readFile(join(target, 'backup_label'), 'utf8'), /^START WAL LOCATION: /);
    const [port] = await freePorts(1);
    const secret = new URL(primary.adminUrl).password;
    await appendFile(
      join(target, 'postgresql.auto.conf'),
      `\nport = ${port}\nprimary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres password=${secret}'\n`,
    );
    // What npm start writes at each start comes later in the file than this one.
    await writeFile(
      join(target, 'tenantry.conf'),
      `listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nport = ${port}\nshared_buffers = 16MB\nmax_connections = 300\nmax_locks_per_transaction = 256\n`,
    );
    await writeFile(join(target, 'standby.signal'), '');
    const user = await serverUser();
    const server = { bin: await postgresBinaries(user), data: target, log: join(target, 'log'), user: copied.user };
    try {
      await startCluster(server, { signal: never });
      const url = primary.adminUrl.replace(`:${primary.port}/`, `:${port}/`);
      await ask(primary.adminUrl, `insert into notes values (2001, 'after')`);
      const [{ lsn } = { lsn: '' }] = await ask(primary.adminUrl, 'select pg_current_wal_flush_lsn()::text as lsn');
      for (let there = false; !there;)
        there = Boolean(
          (await ask(url, `select pg_last_wal_replay_lsn() >= '${String(lsn)}'::pg_lsn as there`))[0]!['there'],
        );
      assert.deepEqual(await ask(url, 'select pg_is_in_recovery() as follows'), [{ follows: true }]);
      assert.deepEqual(await ask(url, 'select text, count(*)::int as n from notes group by text order by text'), [
        { text: 'after', n: 1 },
        { text: 'before', n: 1000 },
        { text: 'while', n: 1000 },
      ]);
    } finally {
      await stopCluster(target, 'immediate');
    }
    assert.equal(await readServer(target), null);
  });

  it('is refused where the folder is taken, where the files are not those of the server, and leaves no copy under way', async () => {
    const refused = (work: Promise<unknown>, code: string) =>
      assert.rejects(work, (error: DomainError) => {
        assert.equal(error.code, code, String(error));
        return true;
      });
    await refused(copyCluster({ adminUrl: primary.adminUrl }, place, { signal: never }), 'physical_target_taken');
    const elsewhere = { adminUrl: primary.adminUrl, dataDir: join(place, 'nowhere') };
    await refused(copyCluster(elsewhere, join(place, 'empty'), { signal: never }), 'physical_unreachable');
    const failure = new Error('somebody else');
    await assert.rejects(
      withOnlineCopy({ adminUrl: primary.adminUrl }, 'test', () => Promise.reject(failure), never),
      failure,
    );
    const sessions = await ask(
      primary.adminUrl,
      `select 1 from pg_stat_activity where application_name = 'tenantry base backup'`,
    );
    assert.deepEqual(sessions, []);
  });
});
