import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePorts } from '#local/ports.ts';
import { removePostgresData } from '#local/postgres.ts';
import { serverUser } from '#local/postgres/binaries.ts';
import { startServer, settlePidFile } from '#local/postgres/cluster.ts';
import { homeOf, own } from '#local/postgres/home.ts';
import { formerBinaries } from '#local/postgres/upgrade/formerServers.ts';
import { stopRecordedServers } from '#local/servers.ts';

const run = promisify(execFile);

export const former = process.env['TEST_FORMER_MAJOR'] ?? '17';

/** An installation's data folder as an older Tenantry left it, with PostgreSQL of a former major. */
export interface FormerInstallation {
  dataDir: string;
  home: string;
  password: string;
  /** Serves the old data for as long as this takes, and stops as a machine does that is switched off in good order. */
  serve(
    use: (query: (text: string, database?: string) => Promise<Record<string, unknown>[]>) => Promise<void>,
  ): Promise<void>;
  remove(): Promise<void>;
}

export async function formerInstallation(): Promise<FormerInstallation> {
  const dataDir = await mkdtemp(join(tmpdir(), 'former-'));
  const user = await serverUser();
  const bin = await formerBinaries(former, user, process.env);
  const home = await homeOf(dataDir, user);
  const data = join(home, 'data');
  const password = randomBytes(12).toString('hex');
  await writeFile(join(home, 'password'), password, { mode: 0o600 });
  await own(join(home, 'password'), user);
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${join(home, 'password')}`];
  await run(join(bin, 'initdb'), ['-D', data, '--no-instructions', '--encoding=UTF8', '--locale=C', ...access], {
    ...user,
    cwd: '/',
    env: { LC_ALL: 'C', PATH: process.env['PATH'] },
  });
  await appendFile(join(data, 'postgresql.conf'), "\ninclude = 'tenantry.conf'\nwork_mem = '5MB'\n");
  const settings =
    "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nmax_locks_per_transaction = 256\n";
  await writeFile(join(data, 'tenantry.conf'), settings);
  await own(join(data, 'tenantry.conf'), user);
  return {
    ...{ dataDir, home, password },
    async serve(use) {
      const [port = 0] = await freePorts(1);
      await settlePidFile(data); // of an upgrade that was killed
      await startServer({ bin, home, data, user }, { port: String(port) });
      const clients = new Map<string, pg.Client>();
      try {
        await use(async (text, database = 'postgres') => {
          let client = clients.get(database);
          if (!client) {
            client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
            await client.connect();
            clients.set(database, client);
          }
          return ((await client.query(text)) as pg.QueryResult<Record<string, unknown>>).rows;
        });
      } finally {
        for (const client of clients.values()) await client.end();
        await settlePidFile(data);
      }
    },
    async remove() {
      await stopRecordedServers(dataDir);
      await settlePidFile(join(home, 'data.next'));
      await settlePidFile(data);
      await removePostgresData(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What products' migrations make, and what they forget: every kind of object that has a life of its own. */
export async function furnish(
  query: (text: string, database?: string) => Promise<unknown>,
  rows = 2_000,
): Promise<void> {
  await query(`create role owner nologin createrole`);
  await query(`create role "Tenant one" login password 'of one' connection limit 7 valid until '2036-01-01'`);
  await query(`create role reader in role pg_read_all_settings`);
  await query(`grant owner to "Tenant one" with admin option; grant reader to owner`);
  await query(
    `alter role "Tenant one" set search_path = one, "Odd, name"; alter role reader set statement_timeout = '9s'`,
  );
  await query(`alter role all set lock_timeout = '8s'; comment on role reader is 'reads; only'`);
  await query(`grant set on parameter work_mem to reader`);
  await query(`create database "Shop; of one" owner owner`);
  await query(
    `alter database "Shop; of one" set timezone = 'Europe/Zurich'; grant create on database "Shop; of one" to reader`,
  );
  await query(
    `alter role reader in database "Shop; of one" set work_mem = '6MB'; comment on database "Shop; of one" is E'a\\nshop'`,
  );
  const shop = (text: string) => query(text, 'Shop; of one');
  await shop(
    `create schema one authorization owner; create schema "Odd, name"; revoke all on schema public from public`,
  );
  await shop(`create domain one.price as numeric(12, 2) check (value >= 0); create type one.kind as enum ('new', 'old');
    create type one.pair as (a int, b text); create collation one.plain (locale = 'C')`);
  await shop(`create table one.article (id bigint generated always as identity primary key, name text collate one.plain not null,
      price one.price, kind one.kind default 'new', gross numeric generated always as (price * 1.08) stored, paired one.pair,
      data jsonb, raw bytea, at timestamptz default now(), gone int, unique (name));
    alter table one.article drop column gone; alter table one.article owner to owner;
    comment on table one.article is 'what''s; sold'; alter table one.article alter column data set statistics 7`);
  await shop(`insert into one.article (name, price, kind, paired, data, raw, at)
    select 'article ' || n, n / 7.0, case n % 2 when 0 then 'new' else 'old' end::one.kind, (n, 'b' || n)::one.pair,
      jsonb_build_object('n', n, 'text', repeat('ä"\\\\', n % 40)), sha256(n::text::bytea), timestamptz '2026-01-01' + n * interval '1 minute'
    from generate_series(1, ${rows}) n`);
  await shop(`create table one.sale (id int, article bigint references one.article on delete cascade, day date not null, primary key (id, day)) partition by range (day);
    create table one.sale_1 partition of one.sale for values from ('2026-01-01') to ('2026-07-01');
    create table one.sale_2 partition of one.sale for values from ('2026-07-01') to ('2027-01-01');
    insert into one.sale select n, n, date '2026-01-01' + n % 360 from generate_series(1, ${rows}) n;
    create table "Odd, name"."T ""quoted""" (like one.pair); create table "Odd, name".empty (); insert into "Odd, name".empty default values;
    create unlogged table one.passing as select 1 as x; create table one.child (more text) inherits (one.passing); insert into one.child values (5, 'c')`);
  await shop(`create index on one.article (lower(name)) where price > 3; create statistics one.known on name, kind from one.article;
    create function one.total(out int) language sql begin atomic select count(*)::int from one.sale; end;
    create procedure one.nothing() language plpgsql as $body$ begin perform ';'; end $body$;
    create function one.stamp() returns trigger language plpgsql security definer set search_path = one as $$ begin new.at := now(); return new; end $$;
    create trigger stamp before update on one.article for each row when (old.name is distinct from new.name) execute function one.stamp();
    alter table one.article disable trigger stamp; revoke execute on function one.total() from public; grant execute on function one.total() to reader`);
  await shop(`create view one.dear with (security_barrier) as select * from one.article where price > 100;
    create materialized view one.days as select day, count(*) from one.sale group by day; create unique index on one.days (day);
    create materialized view one.above as select max(count) from one.days; create materialized view one.blank as select 1 as x with no data;
    create rule quiet as on delete to one.passing do instead nothing; create sequence one.numbers start 41 increment 7 owned by none; select nextval('one.numbers');
    alter table one.article enable row level security; alter table one.article force row level security;
    create policy mine on one.article to reader using (price < 50); grant select (id, name) on one.article to reader with grant option;
    grant select, insert on one.sale to "Tenant one"; alter default privileges for role owner in schema one grant select on tables to reader`);
  await shop(`create aggregate one.joined(text) (sfunc = textcat, stype = text, initcond = ''); create operator one.=== (leftarg = int, rightarg = int, function = int4eq);
    create cast (one.pair as text) with inout; create publication told for table one.sale; create text search configuration one.words (copy = simple);
    create extension if not exists pg_trgm schema one; create index on one.article using gin (name one.gin_trgm_ops);
    select lo_from_bytea(4711, repeat('large ', 300000)::bytea); alter large object 4711 owner to owner; grant select on large object 4711 to reader;
    create function one.audit() returns event_trigger language plpgsql as $$ begin end $$; create event trigger audited on ddl_command_end execute function one.audit()`);
  await query(`create table kept as select 42 as answer`);
  await query(`create table of_templates as select 1 as x`, 'template1');
}
