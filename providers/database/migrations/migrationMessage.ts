import pg from 'pg';
import { appliedTable, digestBefore, listDigest, type TenantSchema } from './applied.ts';
import type { TenantMigration } from './migrationFile.ts';

const ident = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

export interface Timeouts {
  lockTimeoutMs: number;
  statementTimeoutMs: number;
}

/** What the file says, else what the run says. */
export const timeoutsOf = (migration: TenantMigration, run: Timeouts): Timeouts => ({
  lockTimeoutMs: migration.lockTimeoutMs ?? run.lockTimeoutMs,
  statementTimeoutMs: migration.statementTimeoutMs ?? run.statementTimeoutMs,
});

/**
 * The row that says a migration was applied. Its number is null, and so refused, unless the resource is there and exactly the
 * migrations before it were applied; the row of the fence stays locked, so no removal begins meanwhile. Written before the DDL of
 * its transaction, it keeps a second attempt from beginning: one waits for the other and then meets its row.
 */
export function noteApplied(tenant: TenantSchema, migration: TenantMigration, migrations: TenantMigration[]): string {
  const schema = ident(tenant.schema);
  const { number, name, checksum } = migration;
  return `
insert into ${schema}.${appliedTable} (number, name, checksum)
select case when (select state from tenantry.fences where resource_id = ${literal(tenant.resourceId)} for update) = 'present'
  and ${listDigest(schema)} = ${literal(digestBefore(migration, migrations))}
  then ${number} end, ${literal(name)}, ${literal(checksum)};`;
}

/**
 * Some migrations of one tenant as one message: each a transaction of its own, with only its schema on the search path and its row in
 * the list beside its DDL. The commits do not wait for the disk; whoever believes them flushes first (`flushStore`).
 */
export function messageOf(
  tenant: TenantSchema,
  pending: TenantMigration[],
  migrations: TenantMigration[],
  timeouts: Timeouts,
): string {
  return pending
    .map((migration) => {
      const { lockTimeoutMs, statementTimeoutMs } = timeoutsOf(migration, timeouts);
      return `begin;
set local synchronous_commit = off;
set local lock_timeout = ${lockTimeoutMs};
set local statement_timeout = ${statementTimeoutMs};
set local search_path = ${ident(tenant.schema)};
${noteApplied(tenant, migration, migrations)}
${migration.sql}
;
commit;
reset role;
reset all;`;
    })
    .join('\n');
}

/** Waits until everything that was committed on this server so far is on its disk. */
export const flushStore = (client: pg.ClientBase): Promise<unknown> =>
  client.query(`select pg_logical_emit_message(true, 'tenantry', 'fleet')`);
