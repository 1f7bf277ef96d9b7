import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { CopyToServer } from '../copyTable.ts';
import type { PlatformManifest } from './platformManifest.ts';
import type { OpenPlatformBackup } from './readPlatformBackup.ts';

const ident = pg.escapeIdentifier;

/** Why removals stay locked after a registry was restored, until a person has compared it with reality. */
const lockReason =
  'The registry was restored from a backup: what was made after it is not known here. Sweep once, and reconcile.';

interface ForeignKey {
  table: string;
  name: string;
  definition: string;
}

/** Says of a registry that its restore has begun and not ended: nothing starts on it. */
const mark = 'tenantry: being restored from ';

export type RegistryState =
  | { kind: 'used' }
  /** A restore filled it and did not come to its end. */
  | { kind: 'restoring'; backupId: string }
  /** Nobody works with it; which migrations it has nevertheless. */
  | { kind: 'empty'; migrations: string[] };

/** Whether a registry may be filled from a backup. */
export async function stateOfRegistry(registryUrl: string): Promise<RegistryState> {
  const client = await connect(registryUrl);
  try {
    const { rows: there } = await client.query<{
      installations: string | null;
      migrations: string | null;
      said: string | null;
    }>(
      `select to_regclass('public.installations')::text as installations, to_regclass('public.schema_migrations')::text as migrations,
         obj_description(to_regclass('public.installations'), 'pg_class') as said`,
    );
    const { installations, migrations, said } = there[0]!;
    if (said?.startsWith(mark)) return { kind: 'restoring', backupId: said.slice(mark.length) };
    const founded = installations ? await client.query(`select 1 from installations`) : null;
    if (founded?.rowCount) return { kind: 'used' };
    const done = migrations
      ? await client.query<{ name: string }>(`select name from schema_migrations order by id`)
      : null;
    return { kind: 'empty', migrations: done?.rows.map(({ name }) => name) ?? [] };
  } finally {
    await client.end();
  }
}

/** Everything that belongs to a restore is done: whoever starts now finds an installation. */
export async function endRestoring(migratorUrl: string): Promise<void> {
  const client = await connect(migratorUrl);
  try {
    await client.query(`comment on table installations is null`);
  } finally {
    await client.end();
  }
}

/**
 * Puts the rows of a backup into a registry that is at the backup's migrations, all of them or none: what a broken-off attempt did is gone,
 * and it can be begun again. Foreign keys are taken off before and put back after, which checks them; triggers of ours rest meanwhile.
 *
 * In the same transaction everything ends that must not live twice: sign-ins, links, mails that wait (they went out after the backup, or
 * would go out late), and removals of orphans are locked.
 *
 * @param migratorUrl of the registry's owner
 * @returns how many rows
 */
export async function loadRegistry(migratorUrl: string, { manifest, read }: OpenPlatformBackup): Promise<number> {
  const client = await connect(migratorUrl);
  try {
    await client.query('begin');
    const { rows: tables } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'schema_migrations' order by 1`,
    );
    refuseOtherTables(
      tables.map(({ name }) => name),
      manifest.tables.map(({ name }) => name),
    );
    const { rows: keys } = await client.query<ForeignKey>(
      `select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
       from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace order by 1, 2`,
    );
    for (const { table, name } of keys) await client.query(`alter table ${table} drop constraint ${ident(name)}`);
    await client.query(`truncate ${tables.map(({ name }) => ident(name)).join(', ')}`);
    let loaded = 0;
    for (const table of manifest.tables) {
      await client.query(`alter table ${ident(table.name)} disable trigger user`);
      const copy = client.query(
        new CopyToServer(`copy ${ident(table.name)} (${table.columns.map(ident).join(', ')}) from stdin`),
      );
      await pipeline(read(table), copy);
      if (copy.rows !== table.rows)
        throw new DomainError(
          'backup_damaged',
          `The backup is not as it was written: ${copy.rows} of ${table.rows} rows of ${table.name} could be read.`,
        );
      await client.query(`alter table ${ident(table.name)} enable trigger user`);
      loaded += copy.rows;
    }
    for (const { table, name, definition } of keys)
      await client.query(`alter table ${table} add constraint ${ident(name)} ${definition}`);
    await client.query(countersAfterTheirRows);
    await endWhatMustNotLiveTwice(client, manifest);
    await client.query(`comment on table installations is ${pg.escapeLiteral(`${mark}${manifest.backup}`)}`);
    await client.query('commit');
    return loaded;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function refuseOtherTables(here: string[], there: string[]): void {
  const missing = there.filter((name) => !here.includes(name));
  if (missing.length > 0)
    throw new DomainError(
      'backup_schema_newer',
      `This version of Tenantry does not know these tables of the backup: ${missing.join(', ')}.`,
    );
}

/** Counters of columns go on after the highest row. */
const countersAfterTheirRows = `
  do $$
  declare counted record; highest bigint;
  begin
    for counted in
      select c.relname as table_name, a.attname as column_name, pg_get_serial_sequence(quote_ident(c.relname), a.attname) as counter
      from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
        and pg_get_serial_sequence(quote_ident(c.relname), a.attname) is not null
    loop
      execute format('select max(%I) from %I', counted.column_name, counted.table_name) into highest;
      perform setval(counted.counter, coalesce(highest, 1), highest is not null);
    end loop;
  end $$`;

/** It is in the backup as the run that was writing the backup. */
const isOpenBackup = `kind = 'backupPlatform' and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;

async function endWhatMustNotLiveTwice(client: pg.Client, manifest: PlatformManifest): Promise<void> {
  for (const table of ['sessions', 'one_time_links', 'setup_links', 'sign_in_steps', 'passkey_challenges'])
    await client.query(`delete from ${table}`);
  await client.query(`update mails set state = 'dead' where state = 'waiting'`);
  await client.query(`update notifications set state = 'dead' where state = 'waiting'`);
  await client.query(`update platform_backups set state = 'failed' where state in ('writing', 'written')`);
  await client.query(
    `update platform_backups set state = 'proven', at = $2, proven_at = clock_timestamp(), removed_at = null where id = $1`,
    [manifest.backup, manifest.at],
  );
  await client.query(
    `update run_steps set state = 'skipped', finished_at = now()
     where state in ('pending', 'running') and run_id in (select id from runs where ${isOpenBackup})`,
  );
  await client.query(
    `update runs set state = 'cancelled', finished_at = now(), version = version + 1 where ${isOpenBackup}`,
  );
  await client.query(
    `update installations set sweep_locked_at = now(), sweep_lock_reason = $1 where sweep_locked_at is null`,
    [lockReason],
  );
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 8_000,
    application_name: 'tenantry platform restore',
  });
  client.on('error', () => undefined); // the statement under way tells
  await client.connect();
  return client;
}
