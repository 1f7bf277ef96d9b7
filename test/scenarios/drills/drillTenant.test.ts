import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Drill } from '#contracts/backups/drills.ts';
import { drainActivities } from '#activities/platform/drains.ts';
import { drainDrills } from '#domain/backups/drills/drainDrills.ts';
import { openDrill } from '#domain/backups/drills/openDrill.ts';
import { listDrills } from '#domain/backups/drills/viewDrills.ts';
import { viewDrill } from '#domain/backups/reports/viewDrill.ts';
import { partKeyOf } from '#domain/backups/format/manifest.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { checkout } from '#local/paths.ts';
import { roomNameOf } from '#providers/database/drill/rooms.ts';
import { startRun } from '#temporal/startRun.ts';
import type { TestInstallation } from '#test/servers/installation.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { BackupWorld } from '../backups/backedUpTenant.ts';

const day = 86_400_000;

describe('a drill of a backup', () => {
  let world: BackupWorld;
  let installation: TestInstallation;
  let migrations: string;
  let tenantId: string;
  let store: string;

  before(async () => {
    migrations = await mkdtemp(join(tmpdir(), 'tenantry-drilled-'));
    await cp(join(checkout, 'migrations', 'tenant'), migrations, { recursive: true });
    world = await BackupWorld.start({ TENANTRY_TENANT_MIGRATIONS: migrations });
    ({ installation } = world);
    ({ tenantId } = await installation.provision({ name: 'Drilled' }));
    [store] = (await installation.asAdmin<{ name: string }>(null, 'select database_name as name from data_stores')).map(
      ({ name }) => name,
    ) as [string];
    await inTenant(`insert into projects (title) select 'Project ' || n from generate_series(1, 20) as n`);
    await inTenant(`insert into tasks (project_id, title) select id, 'Task of ' || title from projects`);
  });
  after(async () => {
    await world.stop();
    await rm(migrations, { recursive: true, force: true });
  });

  const inTenant = (text: string) =>
    installation.asAdmin(store, `set search_path = ${schemaNameOf(tenantId)}; ${text}`);

  const backedUp = (at?: Date) => keepBackup(installation, tenantId, at);

  async function drilled(
    backupId?: string,
  ): Promise<{ run: Awaited<ReturnType<TestInstallation['run']>>; drill: Drill }> {
    const { runId } = await installation.em.transactional((em) =>
      openDrill(em, tenantId, backupId ? { backupId } : {}, theSystem),
    );
    await startRun(installation.platform, installation.temporal.client, runId);
    const run = await installation.runIsOver(runId);
    const { items } = await listDrills(installation.em, { tenantId }, { limit: 10 });
    assert.deepEqual(await rooms(), [], 'nothing of it is left');
    return { run, drill: items.find((one) => one.runId === runId)! };
  }

  const rooms = async () =>
    (
      await installation.asAdmin<{ name: string }>(
        'postgres',
        `select datname as name from pg_database where datname like 'drill\\_%'
           and shobj_description(oid, 'pg_database') like '%' || $1 || '%'
         union all select rolname from pg_roles where rolname like 'drill\\_%'
           and shobj_description(oid, 'pg_authid') like '%' || $1 || '%'`,
        [installation.platform.installation.id],
      )
    ).map(({ name }) => name);

  const tasks = () =>
    installation.asAdmin<{ kind: string; reason: string }>(
      null,
      `select kind, reason from tasks where state = 'open' and kind like 'drill%'`,
    );

  it('restores it into a throw-away database, reads every table again and measures what was promised', async () => {
    const backupId = await backedUp(new Date(Date.now() - 3_600_000));
    const { run, drill } = await drilled();
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.equal(drill.state, 'proven');
    assert.equal(drill.backupId, backupId);
    const { proof } = drill;
    assert.ok(proof);
    assert.equal(proof.tables, 4); // three of the sample, and the list of migrations
    assert.equal(proof.digests, 4);
    assert.equal(proof.rows, 41);
    assert.equal(proof.foreignKeys, 1);
    assert.deepEqual(
      proof.checks.map(({ name, holds }) => [name, holds]),
      [['smoke.sql', true], ['tasks_have_titles.sql', true]],
    ); // prettier-ignore
    assert.ok(proof.others.some(({ source, rows }) => source === 'realm' && rows > 0));
    assert.ok(drill.rpoSeconds >= 3_600 && drill.rpoSeconds < 3_700, String(drill.rpoSeconds));
    assert.ok(drill.rtoMs! > 0 && drill.rtoMs! < 60_000, String(drill.rtoMs));
    assert.deepEqual(drill.meets, { rpo: true, rto: true });
    const [backup] = await installation.asAdmin<{ as: string; proven: boolean }>(
      null,
      'select verified_as as as, proven_at is not null as proven from backups where id = $1',
      [backupId],
    );
    assert.deepEqual(backup, { as: 'good', proven: true });
  });

  it('brings an older copy to the newest version of the schema, and says so', async () => {
    const backupId = await backedUp();
    await writeFile(join(migrations, '0002_notes.sql'), 'create table notes (id integer primary key);\n');
    const { run, drill } = await drilled(backupId);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.equal(drill.proof?.migratedForward, 1);
    await rm(join(migrations, '0002_notes.sql'));
  });

  it("fails when one of the product's own checks finds something, names it, and asks a person until one holds", async () => {
    const backupId = await backedUp();
    await writeFile(
      join(migrations, 'checks', 'no_project_17.sql'),
      `select id from projects where title = 'Project 17'`,
    );
    await writeFile(join(migrations, 'checks', 'asks_wrong.sql'), 'select id from nothing_of_that_name');
    const { run, drill } = await drilled(backupId);
    assert.equal(run.state, 'rolled_back');
    assert.equal(drill.state, 'failed');
    assert.deepEqual(drill.reason, {
      code: 'drill_failed',
      text: 'What came back does not hold: asks_wrong.sql could not be asked (42P01) · no_project_17.sql found 1 wrong rows.',
    });
    const { checks, room, rtoOf } = await viewDrill(installation.em, tenantId, drill.id);
    assert.deepEqual(
      checks?.map(({ name, holds, wrongRows, code }) => [name, holds, wrongRows, code]),
      [
        ['smoke.sql', true, 0, null],
        ['asks_wrong.sql', false, null, '42P01'],
        ['no_project_17.sql', false, 1, null],
        ['tasks_have_titles.sql', true, 0, null],
      ],
    );
    assert.equal(room.state, 'removed');
    assert.deepEqual(rtoOf.map(({ part }) => part), ['restore']); // prettier-ignore
    await assert.rejects(viewDrill(installation.em, randomUUID(), drill.id), { code: 'not_found' });
    assert.deepEqual((await tasks()).map(({ kind }) => kind), ['drill_failed']); // prettier-ignore
    await rm(join(migrations, 'checks', 'no_project_17.sql'));
    await rm(join(migrations, 'checks', 'asks_wrong.sql'));
    assert.equal((await drilled(backupId)).drill.state, 'proven');
    assert.deepEqual(await tasks(), []);
  });

  it('fails where a part is not what was written, and says it of the backup too', async () => {
    const backupId = await backedUp();
    const part = partKeyOf({ tenantId, backupId }, 3);
    const file = join(installation.configuration.backups.place, part);
    const bytes = await readFile(file);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await rm(file);
    await writeFile(file, bytes);
    const { run, drill } = await drilled(backupId);
    assert.equal(run.state, 'rolled_back');
    assert.equal(drill.state, 'failed');
    assert.match(drill.reason!.code, /^backup_(damaged|truncated|wrong_key)$/);
    const [backup] = await installation.asAdmin<{ as: string; code: string }>(
      null,
      'select verified_as as as, refusal_code as code from backups where id = $1',
      [backupId],
    );
    assert.deepEqual(backup, { as: 'bad', code: drill.reason!.code });
    await drilled(await backedUp()); // what is good closes the task
    await installation.asAdmin(null, `update backups set state = 'removed', removed_at = now() where id = $1`, [
      backupId,
    ]);
  });

  it('acts by a role that can connect to nothing but its room, becomes nobody else and writes nowhere', async () => {
    const of = { installationId: installation.platform.installation.id, tenantId, runId: randomUUID() };
    const password = 'only-for-this-test';
    const connections = await world.deps.drillRooms.open(of, password);
    const role = roomNameOf(of.runId);
    try {
      const adminUrl = new URL(installation.adminUrl);
      const asRole = async (database: string, text: string): Promise<string> => {
        const client = new pg.Client({
          host: adminUrl.hostname,
          port: Number(adminUrl.port),
          user: role,
          password,
          database,
        });
        try {
          await client.connect();
          await client.query(text);
          return 'done';
        } catch (error) {
          return (error as pg.DatabaseError).code ?? String(error);
        } finally {
          await client.end().catch(() => undefined);
        }
      };
      const schema = schemaNameOf(tenantId);
      assert.equal(await asRole(role, 'create table here (id int)'), 'done');
      assert.equal(await asRole(store, `insert into ${schema}.projects (title) values ('x')`), '42501'); // no CONNECT
      assert.equal(await asRole(new URL(installation.env['TENANTRY_APP_DATABASE_URL']!).pathname.slice(1), 'select 1'), '42501'); // prettier-ignore
      for (const text of [
        `set role ${schema}`,
        `create role somebody`,
        `create database somewhere`,
        `alter role ${role} createrole`,
        `alter role ${schema} nologin`,
        `copy (select 1) to '/tmp/x'`,
      ])
        assert.match(await asRole(role, text), /^(?:42501|0LP01)$/, text);
      const [memberships] = await installation.asAdmin<{ count: string }>(
        'postgres',
        `select count(*) from pg_auth_members where member = $1::regrole`,
        [role],
      );
      assert.equal(memberships?.count, '0');
    } finally {
      await connections.close();
      await world.deps.drillRooms.close(of);
    }
    assert.deepEqual(await rooms(), []);
  });

  it('is refused where there is no backup, and while another is under way', async () => {
    const other = await installation.provision({ name: 'Never backed up' });
    const asked = (of: string) => installation.em.transactional((em) => openDrill(em, of, {}, theSystem));
    await assert.rejects(asked(other.tenantId), { code: 'backup_not_found' });
    const { runId } = await asked(tenantId);
    await assert.rejects(asked(tenantId), { code: 'run_in_progress' });
    await installation.cancelRun(runId).catch(() => undefined);
    await startRun(installation.platform, installation.temporal.client, runId).catch(() => undefined);
    await installation.runIsOver(runId);
  });

  it('comes by the clock where a plan promises one, once, and lateness is told', async () => {
    const count = async () => (await listDrills(installation.em, { tenantId }, { limit: 200 })).items.length;
    await installation.asAdmin(
      null,
      `insert into tenant_backups (tenant_id, last_id, last_at, since)
       select tenant_id, id, at, now() - interval '400 days' from backups where tenant_id = $1 and state = 'kept' order by at desc limit 1
       on conflict (tenant_id) do update set last_id = excluded.last_id, last_at = excluded.last_at`,
      [tenantId],
    );
    const before = await count();
    const later = new Date(Date.now() + 40 * day);
    const [first, second] = await Promise.all([
      drainDrills(installation.em, later, 2),
      drainDrills(installation.em, later, 2),
    ]);
    assert.equal(first.length + second.length, 1);
    assert.equal(await count(), before + 1);
    assert.deepEqual((await tasks()).map(({ kind }) => kind), ['drill_overdue']); // prettier-ignore
    const runId = [...first, ...second][0]!;
    await startRun(installation.platform, installation.temporal.client, runId);
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    assert.deepEqual(await tasks(), []);
    assert.deepEqual(await drainDrills(installation.em, new Date(), 2), []);
  });

  it('is cleared away by the clock where a frozen attempt made its room after the end', async () => {
    const { items } = await listDrills(installation.em, { tenantId }, { limit: 1 });
    const of = { installationId: installation.platform.installation.id, tenantId, runId: items[0]!.runId };
    await (await world.deps.drillRooms.open(of, 'forgotten')).close();
    assert.deepEqual(await rooms(), [roomNameOf(of.runId), roomNameOf(of.runId)]);
    await drainActivities(world.deps)['drain.drillBackups']();
    assert.deepEqual(await rooms(), []);
  });
});
