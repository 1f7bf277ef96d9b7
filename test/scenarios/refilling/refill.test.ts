import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { openRefill } from '#domain/backups/refilling/openRefill.ts';
import { viewRefill } from '#domain/backups/refilling/viewRefill.ts';
import { folderOf } from '#domain/backups/format/manifest.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { countPeople } from '#domain/members/realmPeople.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { setUpDatabase } from '#migrations/setUp.ts';
import { startRun } from '#temporal/startRun.ts';
import { tenantry } from '#test/cli/tenantry.ts';
import { stepIntoActivities } from '#test/servers/activityFaults.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { TestInstallation, testServers } from '#test/servers/installation.ts';
import { addMember } from '#test/scenarios/handover/ownership.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { thingsOf } from '#test/scenarios/backups/thingsOf.ts';

type Made = { tenantId: string; slug: string };
const settings = { TENANTRY_STORE_MAX_TENANTS: '2', TENANTRY_BACKUPS_AT_ONCE: '2' };

describe('an installation that was lost with all its data stores', function () {
  this.timeout(240_000);
  let installation: TestInstallation;
  let folder: string;
  let database: string;
  let stepIn: StepIn = async () => undefined;
  const tenants = {} as Record<'earlier' | 'later' | 'without' | 'broken' | 'suspended', Made>;
  const digests = new Map<string, unknown>();
  const people = new Map<string, number>();

  const things = thingsOf(
    () => ({ installation }),
    () => '',
  );
  const digest = async (tenantId: string) =>
    (await things.sql(`select count(*)::int as n, md5(string_agg(i || t, ',' order by i)) as d from kept`, tenantId))
      .rows[0] as unknown;
  const object = (tenantId: string) => readFile(things.object('docs/one.txt', tenantId), 'utf8');
  const write = async (tenantId: string, text: string) => {
    await things.sql('create table if not exists kept (i integer primary key, t text)', tenantId);
    await things.sql(
      `insert into kept select i, md5('${text}' || i) from generate_series(1, 2000) i
      on conflict (i) do update set t = excluded.t`,
      tenantId,
    );
    await things.set(text, tenantId);
    await thingsOf(
      () => ({ installation }),
      () => tenantId,
    ).put('docs/one.txt', text);
  };
  const partsOf = async (tenantId: string, backupId: string) => {
    const parts = join(installation.configuration.backups.place, folderOf({ tenantId, backupId }), 'parts');
    return (await readdir(parts)).toSorted().map((name) => join(parts, name));
  };
  const refill = async (end: string) => {
    const runId = await installation.em.transactional((em) => openRefill(em, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    const run = await installation.runIsOver(runId, 120_000);
    assert.equal(run.state, end, run.reason ?? '');
    const { latest } = await viewRefill(installation.em);
    assert.equal(latest?.runId, runId);
    return new Map(latest.tenants.map((one) => [one.tenantId, one]));
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-place-'));
    installation = await TestInstallation.start({ ...settings, TENANTRY_BACKUP_PLACE: join(folder, 'backups') });
    await installation.startWorker();
    for (const name of ['earlier', 'later', 'without', 'broken', 'suspended'] as const) {
      tenants[name] = await installation.provision({ name });
      await write(tenants[name].tenantId, 'then');
    }
    await addMember(installation, tenants.earlier, 'early@refilled.example', 'member');
    for (const name of ['earlier', 'later', 'broken', 'suspended'] as const)
      await keepBackup(installation, tenants[name].tenantId);
    await write(tenants.broken.tenantId, 'newer');
    const newest = await keepBackup(installation, tenants.broken.tenantId);
    const [part = ''] = await partsOf(tenants.broken.tenantId, newest);
    await truncate(part, 100);
    await installation.asAdmin(null, `update tenants set state = 'suspended' where id = $1`, [
      tenants.suspended.tenantId,
    ]);
    for (const { tenantId } of Object.values(tenants)) digests.set(tenantId, await digest(tenantId));
    await write(tenants.broken.tenantId, 'then');
    digests.set(tenants.broken.tenantId, await digest(tenants.broken.tenantId));

    const { code, said } = await tenantry(['backup', 'platform'], installation.env);
    assert.equal(code, 0, said);
    // After the control plane's backup: what only the place knows of.
    await write(tenants.later.tenantId, 'later');
    await addMember(installation, tenants.later, 'late@refilled.example', 'member');
    await keepBackup(installation, tenants.later.tenantId);
    digests.set(tenants.later.tenantId, await digest(tenants.later.tenantId));
    for (const { tenantId } of Object.values(tenants))
      people.set(tenantId, (await countPeople(installation.em, tenantId)).people);

    const { env } = installation;
    const stores = await installation.asAdmin<{ name: string }>(null, 'select database_name as name from data_stores');
    await installation.stop();
    await dropRoles(stores.map(({ name }) => name));
    database = `test_${randomBytes(5).toString('hex')}`;
    const password = () => randomBytes(12).toString('hex');
    const { adminUrl } = testServers();
    const urls = await setUpDatabase({
      ...{ adminUrl, database, rolePrefix: database },
      passwords: { migrator: password(), app: password(), provisioner: password(), reader: password() },
    });
    const keyFile = join(folder, 'master.key');
    await writeFile(keyFile, env['TENANTRY_MASTER_KEY']!);
    const dataDir = join(folder, 'data');
    const restored = await tenantry(
      ['restore', 'platform', '--from', join(folder, 'backups'), '--master-key', keyFile],
      {
        TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl,
        TENANTRY_DATA_DIR: dataDir,
      },
    );
    assert.equal(restored.code, 0, restored.said);
    assert.match(restored.said, /restore tenants/);
    installation = await TestInstallation.open(
      {
        ...env,
        ...{ TENANTRY_APP_DATABASE_URL: urls.appUrl, TENANTRY_READER_DATABASE_URL: urls.readerUrl },
        ...{ TENANTRY_PROVISIONER_DATABASE_URL: urls.provisionerUrl, TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl },
        TENANTRY_DATA_DIR: dataDir,
      },
      adminUrl,
      database,
    );
    await installation.startWorker(undefined, {
      adaptActivities: (activities, deps) => stepIntoActivities(activities, deps, (...given) => stepIn(...given)),
    });
  });
  after(async () => {
    await installation?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => (stepIn = async () => undefined));

  /** As on another machine: nobody of before is there. */
  async function dropRoles(stores: string[]): Promise<void> {
    const { adminUrl } = testServers();
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    const names = [...Object.values(tenants).map(({ tenantId }) => schemaNameOf(tenantId)), ...stores];
    const { rows } = await client.query<{ name: string }>(
      `select rolname as name from pg_roles, unnest($1::text[]) with ordinality as n (prefix, at)
       where starts_with(rolname, n.prefix || '_') or rolname = n.prefix order by n.at`,
      [names],
    );
    for (const { name } of rows) await client.query(`drop role ${pg.escapeIdentifier(name)}`);
    await client.end();
    assert.ok(rows.length >= names.length);
  }

  it('is filled again in one go, each tenant from its newest good backup, and told by tenant what could not be', async () => {
    const before = await viewRefill(installation.em);
    assert.ok(before.restoredAt);
    const told = await refill('needs_attention');
    const { earlier, later, without, broken, suspended } = tenants;
    assert.deepEqual(
      [earlier, later, without, broken, suspended].map(({ tenantId }) => told.get(tenantId)?.state),
      ['done', 'done', 'failed', 'done', 'done'],
      JSON.stringify([...told.values()]),
    );
    assert.equal(told.get(without.tenantId)?.reason, 'backup_not_found');
    assert.deepEqual(told.get(earlier.tenantId)?.lost.toSorted(), ['database', 'storage']);
    for (const { tenantId } of [earlier, later, broken, suspended]) {
      assert.deepEqual(await digest(tenantId), digests.get(tenantId), tenantId);
      assert.equal((await countPeople(installation.em, tenantId)).people, people.get(tenantId), tenantId);
    }
    assert.deepEqual(
      [await object(earlier.tenantId), await object(later.tenantId), await object(broken.tenantId)],
      ['then', 'later', 'then'],
    );
    assert.deepEqual(
      [
        await things.state(earlier.tenantId),
        await things.state(later.tenantId),
        await things.state(suspended.tenantId),
      ],
      ['active', 'active', 'suspended'],
    );
    const [event] = await installation.asAdmin<{ data: object }>(
      null,
      `select data from events where type = 'platform.refilled' order by id desc limit 1`,
    );
    assert.partialDeepStrictEqual(event?.data, { done: 4, failed: 1, there: 0 });
  });

  it('is not filled where nothing is missing: what was written since stays', async () => {
    await write(tenants.earlier.tenantId, 'since');
    const { code, said } = await tenantry(['restore', 'tenants'], installation.env);
    assert.equal(code, 1, said);
    assert.match(said, /✖ without \(.*\): backup_not_found\n0 tenants were filled again, 4 had lost nothing, 1 could/);
    const { latest } = await viewRefill(installation.em);
    const told = new Map(latest?.tenants.map((one) => [one.tenantId, one]));
    assert.deepEqual(
      [tenants.earlier, tenants.later, tenants.without].map(({ tenantId }) => told.get(tenantId)?.state),
      ['there', 'there', 'failed'],
    );
    assert.equal(await things.get(tenants.earlier.tenantId), 'since');
  });

  it('keeps the doors closed of whom it could not fill, and fills that one the next time although something is there', async () => {
    const { tenantId } = tenants.later;
    await rm(join(things.object('docs/one.txt', tenantId), '../..'), { recursive: true });
    await things.sql('delete from kept', tenantId);
    await things.sql(`drop schema ${schemaNameOf(tenantId)} cascade`, tenantId);
    stepIn = async ({ at, when }) => {
      if (at === 'restored.ensure' && when === 'after')
        throw ApplicationFailure.nonRetryable('The disk is gone again.', 'check_failed');
    };
    const failed = await refill('needs_attention');
    assert.partialDeepStrictEqual(failed.get(tenantId), { state: 'failed', reason: 'check_failed' });
    assert.equal(await things.state(tenantId), 'suspended');
    stepIn = async () => undefined;
    const told = await refill('needs_attention');
    assert.equal(told.get(tenantId)?.state, 'done');
    assert.deepEqual([await things.state(tenantId), await digest(tenantId)], ['active', digests.get(tenantId)]);
  });

  it('is left as it stands when it is cancelled', async () => {
    const runId = await installation.em.transactional((em) => openRefill(em, theSystem));
    await installation.cancelRun(runId).catch(() => undefined);
    await startRun(installation.platform, installation.temporal.client, runId);
    assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
    assert.equal((await viewRefill(installation.em)).latest?.counts.running, 0);
  });
});
