import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readConfiguration } from '#domain/configuration.ts';
import { openErasureLedger, verifyErasureLedger } from '#domain/erasure/erasureLedger.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { startSession } from '#domain/people/sessions.ts';
import { openPlatform, type Platform } from '#domain/platform.ts';
import { rows } from '#domain/sql.ts';
import { freePorts } from '#local/ports.ts';
import { removePostgresData, startPostgres } from '#local/postgres.ts';
import { migrate, migrations, setUpDatabase, type DatabaseUrls } from '#migrations/setUp.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { tenantry } from './tenantry.ts';

describe('tenantry restore platform', function () {
  this.timeout(120_000);
  let installation: TestInstallation;
  let place: string;
  let keyFile: string;
  let kept: { tenantId: string; slug: string };
  let erased: { tenantId: string; slug: string };
  const databases: string[] = [];

  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'tenantry-place-'));
    await chmod(place, 0o711);
    installation = await TestInstallation.start({ TENANTRY_BACKUP_PLACE: join(place, 'backups') });
    keyFile = join(place, 'master.key');
    await writeFile(keyFile, `${installation.env['TENANTRY_MASTER_KEY']}\n`);
    await installation.startWorker();
    await createOwner(installation.em, 'owner@example.org', 'correct horse battery staple');
    const [owner] = await installation.asAdmin<{ id: string }>(null, 'select id from users');
    await startSession(installation.em, owner!.id);
    kept = await installation.provision({ name: 'Kept', slug: 'kept', admin: { email: 'admin@kept.example' } });
    erased = await installation.provision({
      name: 'Erased later',
      slug: 'erased-later',
      admin: { email: 'gone@canary.example' },
    });
    const { code, said } = await tenantry(['backup', 'platform'], installation.env);
    assert.equal(code, 0, said);
    assert.match(said, /All of it was read again/);
    // After the backup: what the restored registry must not believe any more.
    const removal = await installation.removeTenant(erased.tenantId, erased.slug);
    assert.equal((await installation.runIsOver(removal.runId)).state, 'succeeded');
    await installation.until('the certificate', 60_000, async () => {
      const found = await installation.asAdmin(null, 'select 1 from erasures where certified_at is not null');
      return found.length === 1;
    });
  });
  after(async () => {
    await installation.stop();
    for (const name of databases)
      await installation.asAdmin('postgres', `drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    await rm(place, { recursive: true, force: true });
  });

  /** Another machine's empty database, with roles of its own. */
  async function emptyDatabase(): Promise<DatabaseUrls> {
    const name = `test_${randomBytes(5).toString('hex')}`;
    databases.push(name);
    const password = () => randomBytes(12).toString('hex');
    return setUpDatabase({
      adminUrl: installation.adminUrl,
      database: name,
      rolePrefix: name,
      passwords: { migrator: password(), app: password(), provisioner: password(), reader: password() },
    });
  }
  const dataDir = async (name: string) => {
    const dir = join(place, name);
    await mkdir(dir, { recursive: true });
    return dir;
  };
  const from = () => ['--from', join(place, 'backups'), '--master-key', keyFile];

  async function openRestored(urls: DatabaseUrls, dir: string): Promise<Platform> {
    return openPlatform(
      readConfiguration({
        ...installation.env,
        TENANTRY_DATA_DIR: dir,
        TENANTRY_APP_DATABASE_URL: urls.appUrl,
        TENANTRY_READER_DATABASE_URL: urls.readerUrl,
        TENANTRY_PROVISIONER_DATABASE_URL: urls.provisionerUrl,
      }),
    );
  }

  it('knows its tenants again from the place and the master key alone, and forgets again who was erased since', async () => {
    const urls = await emptyDatabase();
    const dir = await dataDir('elsewhere');
    const { code, said } = await tenantry(['restore', 'platform', ...from()], {
      TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl,
      TENANTRY_DATA_DIR: dir,
    });
    assert.equal(code, 0, said);
    assert.match(said, /1 tenants were erased after the backup: they were forgotten again/);
    assert.match(said, /1 tenants are known again/);

    const platform = await openRestored(urls, dir);
    try {
      const em = platform.registry.em.fork();
      assert.equal(platform.installation.id, installation.platform.installation.id);
      assert.deepEqual(
        (await platform.tenantKeys.of(kept.tenantId)).key,
        (await installation.platform.tenantKeys.of(kept.tenantId)).key,
      );
      assert.equal(await platform.tenantKeys.find(erased.tenantId), null);
      const tenants = await rows<{ slug: string | null; state: string; name: string }>(em)`
        select a.slug, t.state, t.name from tenants t
        left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current' order by t.created_at`;
      assert.deepEqual(tenants, [
        { slug: 'kept', state: 'active', name: 'Kept' },
        { slug: null, state: 'erased', name: 'Erased tenant' },
      ]);
      const [left] = await rows<object>(em)`
        select (select count(*)::int from sessions) as sessions, (select count(*)::int from mails where state = 'waiting') as mails,
               (select count(*)::int from resource_secrets s join resources r on r.id = s.resource_id
                where r.tenant_id = ${erased.tenantId}) as secrets,
               (select count(*)::int from installations where sweep_locked_at is not null) as locked,
               (select count(*)::int from tasks where kind = 'orphans' and state = 'open' and reason_code = 'sweep_locked') as tasks`;
      assert.deepEqual(left, { sessions: 0, mails: 0, secrets: 0, locked: 1, tasks: 1 });
      const types = await rows<{ type: string }>(em)`select type from events order by id desc limit 8`;
      assert.ok(types.some(({ type }) => type === 'platform.restored'));
      assert.ok(types.some(({ type }) => type === 'tenant.key_destroyed'));
      const done = await rows<{ name: string }>(em)`select name from schema_migrations order by id`;
      assert.deepEqual(
        done.map(({ name }) => name),
        migrations.map(({ name }) => name),
      );
      assert.deepEqual(
        await verifyErasureLedger(em, platform.installation, openErasureLedger(platform.configuration)),
        [],
      );
      // New rows are counted on from where the old ones ended.
      await em.transactional((tx) =>
        registerTenant(tx, platform.tenantKeys, { name: 'New', slug: 'erased-later' }, theSystem),
      );
    } finally {
      await platform.close();
    }

    const again = await tenantry(['restore', 'platform', ...from()], {
      TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl,
      TENANTRY_DATA_DIR: dir,
    });
    assert.equal(again.code, 1, again.said);
    assert.match(again.said, /registry_not_empty/);
  });

  it('goes on where it was broken off, and nothing starts on it meanwhile', async () => {
    const urls = await emptyDatabase();
    const dir = await dataDir('broken-off');
    const env = { TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl, TENANTRY_DATA_DIR: dir };
    // A ledger that cannot be written: after the rows, before the end.
    await writeFile(join(dir, 'erasures'), 'in the way');
    const broken = await tenantry(['restore', 'platform', ...from()], env);
    assert.equal(broken.code, 3, broken.said);
    await assert.rejects(openRestored(urls, dir), /is being restored/);
    await rm(join(dir, 'erasures'));
    const { code, said } = await tenantry(['restore', 'platform', ...from()], env);
    assert.equal(code, 0, said);
    assert.match(said, /going on from there/);
    await (await openRestored(urls, dir)).close();
  });

  it('refuses another key, a place without a backup, and a database of a newer version, and makes nothing', async () => {
    const urls = await emptyDatabase();
    const env = { TENANTRY_MIGRATOR_DATABASE_URL: urls.migratorUrl, TENANTRY_DATA_DIR: await dataDir('refused') };
    const other = join(place, 'other.key');
    await writeFile(other, randomBytes(32).toString('base64'));
    const wrongKey = await tenantry(
      ['restore', 'platform', '--from', join(place, 'backups'), '--master-key', other],
      env,
    );
    assert.equal(wrongKey.code, 1, wrongKey.said);
    assert.match(wrongKey.said, /backup_wrong_key/);
    const nothing = await tenantry(
      ['restore', 'platform', '--from', join(place, 'nowhere'), '--master-key', keyFile],
      env,
    );
    assert.equal(nothing.code, 3, nothing.said);
    const client = new pg.Client({ connectionString: urls.migratorUrl });
    await client.connect();
    const { rows: tables } = await client.query(`select 1 from pg_tables where schemaname = 'public'`);
    assert.equal(tables.length, 0);
    await migrate({ migratorUrl: urls.migratorUrl });
    await client.query(`insert into schema_migrations (name) values ('Migration29991231_fromTheFuture')`);
    await client.end();
    const newer = await tenantry(['restore', 'platform', ...from()], env);
    assert.equal(newer.code, 3, newer.said);
    assert.match(newer.said, /newer version than the backup/);
  });

  it('makes the whole installation again below an empty data folder, with the PostgreSQL that npm start brings along', async () => {
    const dir = join(place, 'data');
    await mkdir(dir, { mode: 0o711 });
    const [port = 0] = await freePorts(1);
    try {
      const { code, said } = await tenantry(['restore', 'platform', ...from()], {
        TENANTRY_DATA_DIR: dir,
        TENANTRY_POSTGRES_PORT: String(port),
      });
      assert.equal(code, 0, said);
      assert.equal(
        (await readFile(join(dir, 'secrets', 'master.key'), 'utf8')).trim(),
        installation.env['TENANTRY_MASTER_KEY'],
      );
      const server = await startPostgres({ dataDir: dir, choosePort: async () => port, durable: false });
      const client = new pg.Client({ connectionString: server.adminUrl.replace(/postgres$/, 'tenantry') });
      await client.connect();
      const { rows: found } = await client.query(`select slug from tenant_addresses where state = 'current'`);
      await client.end();
      await server.stop();
      assert.deepEqual(found, [{ slug: 'kept' }]);
    } finally {
      await removePostgresData(dir);
    }
  });
});
