import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { appliedTable } from './migrations/applied.ts';
import { reasonOfFailure } from './migrations/failures.ts';
import { plainSqlOf, type TenantMigration } from './migrations/migrationFile.ts';

export { appliedTable } from './migrations/applied.ts';
export { readTenantMigrations, type TenantMigration } from './migrations/migrationFile.ts';

/**
 * Applies what this schema has not seen, inside the caller's transaction, with only this schema on the search path. The list
 * of what was applied is a table in the same schema, so a copy of the schema knows its own version.
 */
export async function applyTenantMigrations(
  client: pg.ClientBase,
  schema: string,
  migrations: TenantMigration[],
): Promise<void> {
  const quoted = pg.escapeIdentifier(schema);
  await client.query(`
    create table if not exists ${quoted}.${appliedTable} (
      number integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
  const applied = await client.query<{ number: number; checksum: string }>(
    `select number, checksum from ${quoted}.${appliedTable}`,
  );
  const checksums = new Map(applied.rows.map((row) => [row.number, row.checksum]));
  const transaction = await currentTransaction(client);

  for (const migration of migrations) {
    const known = checksums.get(migration.number);
    if (known === migration.checksum) continue;
    if (known !== undefined)
      throw new DomainError(
        'migration_failed',
        `The tenant migration ${migration.name} was edited after it was applied.`,
      );
    await client.query(`set local search_path = ${quoted}${timeoutsIn(migration)}`);
    const error = await client.query(plainSqlOf(migration)).then(
      () => null,
      (thrown: pg.DatabaseError) => thrown,
    );
    if (error && isPassing(error.code)) throw error;
    // In a failed transaction nothing can be asked any more: then it is the one that we began, or as good as that.
    const now = await currentTransaction(client).catch(() => transaction);
    if (!error && now === transaction) {
      await noteApplied(client, quoted, migration);
      continue;
    }
    // What a migration set and committed would be handed on to the next tenant with the connection.
    await client.query('rollback');
    await client.query('discard all');
    const text =
      now === transaction
        ? reasonOfFailure(migration.name, error).text
        : `The tenant migration ${migration.name} ends the transaction it runs in. Leave out COMMIT and ROLLBACK.`;
    throw new DomainError('migration_failed', text, { cause: error });
  }
  // A plain SET in a migration would outlive the transaction on this connection.
  await client.query('reset role; reset all');
}

/** Of the file itself; without one the connection's stand. */
const timeoutsIn = ({ lockTimeoutMs, statementTimeoutMs }: TenantMigration): string =>
  [
    lockTimeoutMs === null ? '' : `; set local lock_timeout = ${lockTimeoutMs}`,
    statementTimeoutMs === null ? '' : `; set local statement_timeout = ${statementTimeoutMs}`,
  ].join('');

/** The tenant reads the list of its migrations and cannot change it. */
export const keepMigrationsList = (client: pg.ClientBase, schema: string): Promise<unknown> =>
  client.query(`revoke insert, update, delete on ${schema}.${appliedTable} from ${schema}`);

const noteApplied = (client: pg.ClientBase, schema: string, { number, name, checksum }: TenantMigration) =>
  client.query(`insert into ${schema}.${appliedTable} (number, name, checksum) values ($1, $2, $3)`, [
    number,
    name,
    checksum,
  ]);

async function currentTransaction(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
  return rows[0]?.id ?? '';
}

/** Locks, deadlocks, lost connections, exhausted resources, shut-downs: not the migration's fault. */
const isPassing = (code: string | undefined): boolean => code === undefined || /^(XX000|40|55P03|08|53|57)/.test(code);
