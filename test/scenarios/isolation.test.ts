import assert from 'node:assert/strict';
import pg from 'pg';
import { schemaNameOf } from '#domain/resources/names.ts';
import { recallSecret } from '#domain/secrets/resourceSecrets.ts';
import { TestInstallation } from '../servers/installation.ts';
import { tenantLogin } from '../servers/tenantLogin.ts';

const denied = (error: pg.DatabaseError) => error.code === '42501';

describe('what a PostgreSQL role cannot do', () => {
  let installation: TestInstallation;
  let tenants: { tenantId: string; slug: string; schema: string; database: string; password: string }[];
  let asA: pg.Client;
  let connectA: (database?: string) => Promise<pg.Client>;
  const sent: string[] = [];
  const { query } = pg.Client.prototype;

  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_STORE_MAX_TENANTS: '2' });
    await installation.startWorker();
    // Everything that leaves this process for PostgreSQL while tenants are made.
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
      const [first, values] = args as [string | { text?: string; values?: unknown[] }, unknown];
      sent.push(JSON.stringify([typeof first === 'string' ? first : [first?.text, first?.values], values]));
      return (query as (...all: unknown[]) => unknown).apply(this, args);
    } as typeof query;
    tenants = [];
    for (const name of ['Alpha', 'Beta', 'Gamma']) {
      const { tenantId, slug } = await installation.provision({ name: `Canary ${name}` });
      const login = await tenantLogin(installation, tenantId);
      tenants.push({ tenantId, slug, schema: schemaNameOf(tenantId), ...login });
      if (name === 'Alpha') connectA = login.connect;
    }
    pg.Client.prototype.query = query;
    asA = await connectA();
  });
  after(async () => {
    pg.Client.prototype.query = query;
    await asA?.end();
    await installation.stop();
  });

  const tenant = (i: number) => tenants[i] ?? assert.fail();
  const roleOf = (url: string | null | undefined) => new URL(url ?? '').username;

  it('a tenant: anything but read and write what is in its own schema', async () => {
    assert.deepEqual((await asA.query('select current_schema() as s')).rows, [{ s: tenant(0).schema }]);
    await asA.query(`insert into settings (name, value) values ('mine', '1')`);
    await asA.query(`update settings set value = '2'`);
    assert.equal((await asA.query('select * from settings')).rowCount, 1);
    assert.equal((await asA.query('select * from schema_migrations')).rowCount, 1);
    for (const text of [
      `insert into schema_migrations (number, name, checksum) values (9, 'x', 'x')`,
      `update schema_migrations set checksum = 'x'`,
      'delete from schema_migrations',
      'drop table settings',
      'alter table settings add column x int',
      'truncate settings',
      'create table mine (id int)',
      'create temp table mine (id int)',
      'create schema mine',
      `create function mine() returns int language sql as 'select 1'`,
      'create view mine as select 1',
      'create extension pg_trgm',
      'create table public.mine (id int)',
      `create role mine`,
      `create database mine`,
    ])
      await assert.rejects(asA.query(text), denied, text);
  });

  it("a tenant: see another's schema, the store's own, or what other sessions do", async () => {
    assert.equal(tenant(1).database, tenant(0).database);
    for (const text of [
      `select * from ${tenant(1).schema}.settings`,
      `insert into ${tenant(1).schema}.settings (name, value) values ('yours', '1')`,
      `create table ${tenant(1).schema}.mine (id int)`,
      `drop schema ${tenant(1).schema} cascade`,
      'select * from tenantry.fences',
      'delete from tenantry.fences',
      'select * from pg_authid',
      `select pg_read_file('/etc/passwd')`,
      `copy settings to program 'cat'`,
    ])
      await assert.rejects(asA.query(text), denied, text);
    await asA.query(`set search_path = ${tenant(1).schema}, ${tenant(0).schema}`);
    assert.deepEqual((await asA.query('select name from settings')).rows, [{ name: 'mine' }]);
    await asA.query('reset search_path');
    const seen = await asA.query<{ query: string }>('select query from pg_stat_activity where usename <> current_user');
    assert.ok(seen.rows.every((row) => !row.query || row.query === '<insufficient privilege>'));
  });

  it('a tenant: become anybody else, or more than it is', async () => {
    const { appDatabaseUrl, provisionerDatabaseUrl, readerDatabaseUrl } = installation.configuration;
    const others = [appDatabaseUrl, provisionerDatabaseUrl, readerDatabaseUrl].map(roleOf);
    for (const role of [...others, tenant(1).schema, 'postgres', 'pg_read_all_data', 'pg_signal_backend']) {
      await assert.rejects(asA.query(`set role ${role}`), denied, role);
      await assert.rejects(asA.query(`set session authorization ${role}`), denied, role);
      await assert.rejects(asA.query(`grant ${role} to ${tenant(0).schema}`), denied, role);
    }
    for (const text of [
      `alter role ${tenant(0).schema} createdb`,
      `alter role ${tenant(0).schema} superuser`,
      `alter role ${tenant(1).schema} nologin`,
      `grant ${tenant(0).database}_tenants to ${tenant(1).schema}`,
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${roleOf(provisionerDatabaseUrl)}'`,
    ])
      await assert.rejects(asA.query(text), denied, text);
    // Its store's group is all that it is a member of, and that one owns nothing.
    await asA.query(`set role ${tenant(0).database}_tenants`);
    await assert.rejects(asA.query(`select * from ${tenant(1).schema}.settings`), denied);
    await asA.query('reset role');
  });

  it('a tenant: alter a tag, or learn more from one than opaque ids', async () => {
    for (const text of [
      `comment on schema ${tenant(0).schema} is 'x'`,
      `comment on role ${tenant(0).schema} is 'x'`,
      `comment on schema ${tenant(1).schema} is 'x'`,
    ])
      await assert.rejects(asA.query(text), denied, text);
    const { rows } = await asA.query<{ tag: string }>(
      `select description as tag from pg_description where classoid = 'pg_namespace'::regclass and objoid >= 16384
       union all select description from pg_shdescription where classoid = 'pg_authid'::regclass
         and objoid in (select oid from pg_roles where rolname in ('${tenant(0).schema}', '${tenant(1).schema}'))`,
    );
    assert.ok(rows.length >= 4);
    for (const { tag } of rows) assert.match(tag, /^tenantry1(:[0-9a-f-]{36}){4}:[\w-]{22}$/);
  });

  it('a tenant: connect to the registry or to another data store', async () => {
    assert.notEqual(tenant(2).database, tenant(0).database);
    const registry = new URL(installation.configuration.appDatabaseUrl).pathname.slice(1);
    for (const database of [registry, tenant(2).database]) await assert.rejects(connectA(database), denied, database);
  });

  it('the app: DDL in the registry, or entering a data store', async () => {
    const { appDatabaseUrl } = installation.configuration;
    await asRole(appDatabaseUrl, null, async (app) => {
      await app.query('select 1 from tenants');
      for (const text of [
        'create table mine (id int)',
        'alter table tenants add column x int',
        'drop table events',
        'create schema mine',
        'truncate events',
      ])
        await assert.rejects(app.query(text), denied, text);
    });
    await assert.rejects(
      asRole(appDatabaseUrl, tenant(0).database, async () => undefined),
      denied,
    );
  });

  it('the provisioner: enter the registry, or be a superuser', async () => {
    const { provisionerDatabaseUrl, appDatabaseUrl } = installation.configuration;
    const registry = new URL(appDatabaseUrl).pathname.slice(1);
    await assert.rejects(
      asRole(provisionerDatabaseUrl, registry, async () => undefined),
      denied,
    );
    await asRole(provisionerDatabaseUrl, null, async (provisioner) => {
      await assert.rejects(provisioner.query('select * from pg_authid'), denied);
      await assert.rejects(provisioner.query(`set role ${roleOf(appDatabaseUrl)}`), denied);
      await assert.rejects(provisioner.query(`alter role ${roleOf(appDatabaseUrl)} password 'x'`), denied);
    });
  });

  it('the reader: write anywhere', async () => {
    const { readerDatabaseUrl } = installation.configuration;
    await asRole(readerDatabaseUrl, null, async (reader) => {
      await reader.query('select 1 from tenants');
      await assert.rejects(reader.query('delete from events'), denied);
    });
    await asRole(readerDatabaseUrl, tenant(0).database, async (reader) => {
      const { schema } = tenant(0);
      assert.equal((await reader.query(`select * from ${schema}.settings`)).rowCount, 1);
      for (const text of [
        `delete from ${schema}.settings`,
        `update ${schema}.settings set value = '3'`,
        `create table ${schema}.mine (id int)`,
        'delete from tenantry.fences',
      ])
        await assert.rejects(reader.query(text), denied, text);
    });
  });

  it('anybody: read a password, which reached the server as a verifier only', async () => {
    const roles = await installation.asAdmin<{ rolpassword: string }>(
      null,
      `select rolpassword from pg_authid where rolname = any($1)`,
      [tenants.map(({ schema }) => schema)],
    );
    assert.equal(roles.length, 3);
    for (const { rolpassword } of roles) assert.match(rolpassword, /^SCRAM-SHA-256\$4096:/);

    assert.ok(sent.some((text) => text.includes('create role')));
    const [realm] = await installation.asAdmin<{ id: string }>(
      null,
      `select id from resources where tenant_id = $1 and provider = 'realm'`,
      [tenant(0).tenantId],
    );
    const key = await recallSecret(installation.em, installation.platform.tenantKeys, {
      tenantId: tenant(0).tenantId,
      resourceId: realm?.id ?? '',
      name: 'signing_key',
    });
    const { d } = JSON.parse(key ?? '') as { d: string };
    for (const secret of [...tenants.map(({ password }) => password), d])
      assert.ok(!sent.some((text) => text.includes(secret)), 'a secret was part of a statement');
  });

  async function asRole(url: string | null, database: string | null, use: (client: pg.Client) => Promise<void>) {
    const at = new URL(url ?? '');
    if (database) at.pathname = `/${database}`;
    const client = new pg.Client({ connectionString: at.toString() });
    await client.connect();
    try {
      await use(client);
    } finally {
      await client.end();
    }
  }
});
