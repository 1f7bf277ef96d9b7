import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { digestBefore, listDigest, type TenantSchema } from './applied.ts';
import type { IndexChange, TenantMigration } from './migrationFile.ts';
import { noteApplied, timeoutsOf, type Timeouts } from './migrationMessage.ts';

const ident = pg.escapeIdentifier;
const pollMs = 100;

/**
 * A migration that says `no-transaction`: its row cannot be written with its DDL. So it is promised first, in the store; a later attempt
 * that meets the promise looks at what is there: an index that is valid was made, one that is not valid is dropped and made
 * again, and what nobody began is begun. The row in the tenant's list ends the promise, in one transaction.
 */
export async function changeIndexes(
  client: pg.ClientBase,
  tenant: TenantSchema,
  migration: TenantMigration,
  { migrations, timeouts }: { migrations: TenantMigration[]; timeouts: Timeouts },
): Promise<void> {
  const { lockTimeoutMs, statementTimeoutMs } = timeoutsOf(migration, timeouts);
  await keepPromises(client);
  await client.query(
    `set lock_timeout = ${lockTimeoutMs}; set statement_timeout = ${statementTimeoutMs}; set search_path = ${ident(tenant.schema)}`,
  );
  const lock = [`tenantry index ${tenant.resourceId}`];
  try {
    await takeTurn(client, lock, statementTimeoutMs);
    const isResumed = await promise(client, tenant, migration, migrations);
    for (const change of migration.indexChanges ?? []) await carryOut(client, tenant, change, isResumed);
    await client.query(`begin; ${noteApplied(tenant, migration, migrations)}
      delete from tenantry.index_changes where resource_id = '${tenant.resourceId}' and number = ${migration.number}; commit`);
  } finally {
    await client.query('rollback').catch(() => undefined);
    await client.query(`select pg_advisory_unlock_all()`).catch(() => undefined);
    await client.query('reset all').catch(() => undefined);
  }
}

/** The table of promises, in stores from before there were any too. Two sessions that make it at once would meet in the catalogue. */
async function keepPromises(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    `select to_regclass('tenantry.index_changes') is not null as there`,
  );
  if (rows[0]?.there) return;
  await client.query(`begin;
    select pg_advisory_xact_lock(hashtext('tenantry.index_changes'));
    create table if not exists tenantry.index_changes (
      resource_id uuid not null, number integer not null, promised_at timestamptz not null default now(),
      primary key (resource_id, number));
    commit`);
}

/**
 * A killed worker's server session goes on with its index. It is waited for by asking again and again: a statement that waited would hold
 * a snapshot, and making an index concurrently waits for snapshots.
 */
async function takeTurn(client: pg.ClientBase, lock: string[], patienceMs: number): Promise<void> {
  for (const deadline = Date.now() + patienceMs; ; await delay(pollMs)) {
    const { rows } = await client.query<{ taken: boolean }>(
      `select pg_try_advisory_lock(hashtextextended($1, 0)) as taken`,
      lock,
    );
    if (rows[0]?.taken) return;
    if (Date.now() > deadline)
      throw Object.assign(new Error('another session is still at this index'), { code: '55P03' });
  }
}

/** @returns whether an earlier attempt had promised it already */
async function promise(
  client: pg.ClientBase,
  { resourceId, schema }: TenantSchema,
  migration: TenantMigration,
  migrations: TenantMigration[],
): Promise<boolean> {
  const { rows } = await client.query<{ fits: boolean; promised: boolean }>(
    `select (select state from tenantry.fences where resource_id = $1) = 'present' and ${listDigest(ident(schema))} = $2 as fits,
            exists (select 1 from tenantry.index_changes where resource_id = $1 and number = $3) as promised`,
    [resourceId, digestBefore(migration, migrations), migration.number],
  );
  if (!rows[0]?.fits)
    throw Object.assign(new Error('not as it was thought to be'), { code: '23505', table: 'schema_migrations' });
  if (rows[0].promised) return true;
  await client.query(`insert into tenantry.index_changes (resource_id, number) values ($1, $2)`, [
    resourceId,
    migration.number,
  ]);
  return false;
}

async function carryOut(
  client: pg.ClientBase,
  { schema }: TenantSchema,
  { verb, index, text }: IndexChange,
  isResumed: boolean,
): Promise<void> {
  const name = `${ident(schema)}.${ident(index)}`;
  const found = await stateOf(client, schema, index);
  if (isResumed && found === (verb === 'create' ? 'valid' : 'none')) return;
  if (isResumed && verb === 'create' && found === 'invalid') await client.query(`drop index concurrently ${name}`);
  try {
    await client.query(text);
    // With IF NOT EXISTS, PostgreSQL is content with an index that is not valid.
    if (verb === 'create' && (await stateOf(client, schema, index)) !== 'valid')
      throw new DomainError('migration_failed', `The index ${index} is there already and is not valid.`);
  } catch (error) {
    // What was made by half serves nobody and would stand in the way of the next attempt.
    if (verb === 'create' && found !== 'invalid' && (await stateOf(client, schema, index)) === 'invalid')
      await client.query(`drop index concurrently if exists ${name}`);
    throw error;
  }
}

async function stateOf(client: pg.ClientBase, schema: string, index: string): Promise<'none' | 'valid' | 'invalid'> {
  const { rows } = await client.query<{ valid: boolean }>(
    `select i.indisvalid and i.indisready as valid from pg_index i join pg_class c on c.oid = i.indexrelid
     join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
    [schema, index],
  );
  if (!rows[0]) return 'none';
  return rows[0].valid ? 'valid' : 'invalid';
}
