import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import { TestInstallation } from '#test/servers/installation.ts';

describe('sessions for long work', () => {
  let installation: TestInstallation;
  let connections: StoreConnections;
  let database: string;
  before(async () => {
    installation = await TestInstallation.start();
    const url = installation.configuration.provisionerDatabaseUrl!;
    connections = new StoreConnections(url);
    database = connections.homeDatabase;
  });
  after(async () => {
    await connections?.close();
    await installation?.stop();
  });

  const pidOf = async ({ client }: Awaited<ReturnType<StoreConnections['session']>>): Promise<number> =>
    (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
  const isAlive = async (pid: number): Promise<boolean> =>
    (await installation.asAdmin(null, 'select 1 from pg_stat_activity where pid = $1', [pid])).length > 0;
  /** What comes next gets the same one as soon as it was cleaned. */
  const again = async (pid: number) => {
    for (;;) {
      const session = await connections.session(database);
      if ((await pidOf(session)) === pid) return session;
      session.drop();
      await delay(10);
    }
  };

  it('are lent again, and nothing is left of what was done in them', async () => {
    const first = await connections.session(database);
    const pid = await pidOf(first);
    const settings = async (client: typeof first.client) =>
      (
        await client.query(
          `select name, setting from pg_settings where source = 'session' or name in ('lock_timeout', 'search_path') order by 1`,
        )
      ).rows;
    const before = await settings(first.client);
    await first.client.query(`set search_path = pg_catalog; set statement_timeout = '7s'; set lock_timeout = 0`);
    await first.client.query('create temporary table left_behind (id integer)');
    await first.client.query('select pg_advisory_lock(4711)');
    await first.client.query(`prepare left_too as select 1`);
    await first.client.query('begin');
    await first.client.query('set local statement_timeout = 5');
    await first.client.query('no statement').catch(() => undefined); // left in a transaction that failed
    first.leave();
    first.drop(); // no more than once
    const second = await again(pid);
    assert.deepEqual(await settings(second.client), before);
    const { rows } = await second.client.query(
      `select (select count(*) from pg_prepared_statements)::int as prepared, to_regclass('pg_temp.left_behind') as "table",
         (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())::int as locks`,
    );
    assert.deepEqual(rows, [{ prepared: 0, table: null, locks: 0 }]);
    assert.equal(second.client.getTransactionStatus?.(), 'I');
    second.leave();
  });

  it('end at once when they are dropped, whatever they do, and are lent to nobody else', async () => {
    const session = await connections.session(database);
    const pid = await pidOf(session);
    const sleeping = session.client.query('select pg_sleep(30)').then(
      () => 'slept',
      () => 'ended',
    );
    await delay(50);
    session.drop();
    session.drop();
    session.leave();
    assert.equal(await sleeping, 'ended');
    const next = await connections.session(database);
    assert.notEqual(await pidOf(next), pid);
    next.leave();
  });

  it('of which the server ended one are not lent, and their process lives on', async () => {
    const session = await connections.session(database);
    const pid = await pidOf(session);
    session.leave();
    (await again(pid)).leave();
    await installation.until('it to be ended', 5_000, async () => {
      await installation.asAdmin(null, 'select pg_terminate_backend($1)', [pid]);
      return !(await isAlive(pid));
    });
    await delay(50);
    const next = await connections.session(database);
    assert.notEqual(await pidOf(next), pid);
    next.leave();
  });

  it('keep no database from being dropped once it is forgotten', async () => {
    const session = await connections.session(database);
    const pid = await pidOf(session);
    session.leave();
    await connections.forget(database);
    await installation.until('it to be gone', 5_000, async () => !(await isAlive(pid)));
  });
});
