import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { enterToEnsure } from '#domain/resources/fences.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import type { ResourceSpec } from '../provider.ts';
import { executeOnClient } from './schema.ts';
import type { StoreConnections } from './stores/storeConnections.ts';

const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** Beside the migrations, in a folder of its own: it is no migration, and never numbered among them. */
export const sampleFile = (migrationsDir: string): string => join(migrationsDir, 'sample', 'sample.sql');

/** What a product wants new tenants to find in their tables; null where it has nothing. */
export const readSample = (migrationsDir: string): Promise<string | null> =>
  readFile(sampleFile(migrationsDir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });

/**
 * Loads sample rows into the tenant's own schema, in one transaction with the note that they were: twice is once. Refuses with
 * `migration_failed` a file that does not fit the tables or ends the transaction, and leaves nothing of it then.
 */
export async function loadSample(
  connections: StoreConnections,
  databaseName: string,
  spec: Pick<ResourceSpec, 'tenantId' | 'resourceId' | 'runId' | 'epoch'>,
  sql: string,
): Promise<void> {
  const schema = ident(schemaNameOf(spec.tenantId));
  await connections.transaction(databaseName, async (client) => {
    const execute = executeOnClient(client);
    const { isPresent } = await enterToEnsure(execute, 'tenantry.fences', spec);
    if (!isPresent) throw new DomainError('resource_fenced', 'The database of this tenant is not there (yet).');
    await settleNotes(client);
    const noted = await client.query(
      `insert into tenantry.loaded_samples (resource_id) values ($1) on conflict do nothing returning 1`,
      [spec.resourceId],
    );
    if (noted.rowCount === 0) return;
    const before = await transactionOf(client);
    await client.query(`set local search_path = ${schema}`);
    try {
      await client.query(sql);
    } catch (error) {
      const { code, message } = error as pg.DatabaseError;
      if (code === undefined || /^(XX000|40|55P03|08|53|57)/.test(code)) throw error;
      throw new DomainError(
        'migration_failed',
        `The sample data does not fit the tenant's tables: ${message} (${code}).`,
        {
          cause: error,
        },
      );
    }
    if ((await transactionOf(client)) !== before) {
      await client.query('discard all');
      throw new DomainError('migration_failed', 'The sample data ends the transaction it runs in. Leave out COMMIT.');
    }
    await client.query('reset role; reset all');
  });
}

async function settleNotes(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    `select to_regclass('tenantry.loaded_samples') is not null as there`,
  );
  if (!rows[0]?.there)
    await client.query(`
      create table if not exists tenantry.loaded_samples (
        resource_id uuid primary key, loaded_at timestamptz not null default now())`);
}

async function transactionOf(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
  return rows[0]?.id ?? '';
}
