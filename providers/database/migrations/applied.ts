import { createHash } from 'node:crypto';
import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { TenantMigration } from './migrationFile.ts';

/** The list of what was applied, in each tenant's own schema: a copy of the schema knows its own version. */
export const appliedTable = 'schema_migrations';

/** A tenant's schema, as a fleet's migration meets it. */
export interface TenantSchema {
  tenantId: string;
  resourceId: string;
  database: string;
  schema: string;
}

/** Where a schema stands; `gone` when its removal has begun or nothing was ever completed here. */
export async function readApplied(
  client: pg.ClientBase,
  { resourceId, schema }: TenantSchema,
): Promise<{ is: 'gone' } | { is: 'there'; applied: { number: number; name: string; checksum: string }[] }> {
  const { rows } = await client.query<{ state: string | null; listed: boolean }>(
    `select (select state from tenantry.fences where resource_id = $1) as state,
            exists (select 1 from pg_tables where schemaname = $2 and tablename = $3) as listed`,
    [resourceId, schema, appliedTable],
  );
  if (rows[0]?.state !== 'present') return { is: 'gone' };
  if (!rows[0].listed)
    throw new DomainError('migration_failed', 'The schema, or its list of applied migrations, is missing.');
  const list = await client.query<{ number: number; name: string; checksum: string }>(
    `select number, name, checksum from ${pg.escapeIdentifier(schema)}.${appliedTable} order by number`,
  );
  return { is: 'there', applied: list.rows };
}

/**
 * How many of these migrations a schema has. Refuses (`migration_failed`) when it has others than these: edited after they were
 * applied, or left out.
 */
export function versionOf(
  applied: { number: number; name: string; checksum: string }[],
  migrations: TenantMigration[],
): number {
  applied.forEach(({ number, name, checksum }, at) => {
    const known = migrations[at];
    if (number !== at + 1)
      throw new DomainError('migration_failed', `The list of applied migrations has a gap before ${name}.`);
    if (known && known.checksum !== checksum)
      throw new DomainError('migration_failed', `The tenant migration ${name} was edited after it was applied.`);
  });
  return applied.length;
}

/** What {@link listDigest} must be before a migration may run: exactly its predecessors were applied, as they are now. */
export const digestBefore = ({ number }: { number: number }, migrations: TenantMigration[]): string =>
  createHash('md5')
    .update(
      migrations
        .slice(0, number - 1)
        .map(({ checksum }) => checksum)
        .join(','),
    )
    .digest('hex');

/** An expression over a schema's list. MD5, because PostgreSQL has it without an extension; nobody is kept out by it. */
export const listDigest = (quotedSchema: string): string =>
  `(select md5(coalesce(string_agg(checksum, ',' order by number), '')) from ${quotedSchema}.${appliedTable})`;
