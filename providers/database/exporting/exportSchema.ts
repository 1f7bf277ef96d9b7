import pg from 'pg';
import type { Measures, ExportedPart } from '../../provider.ts';
import { CopyOut } from './copyOut.ts';
import type { StoreConnections } from '../stores/storeConnections.ts';
import { appliedTable } from '../tenantMigrations.ts';

const ident = pg.escapeIdentifier;

interface Table {
  name: string;
  /** Its rows lie in its partitions. */
  partitioned: boolean;
  columns: { name: string; type: string }[];
}

/** Partitions are read through their table; what inherits otherwise is a table of its own. */
const tablesIn = `
  select c.relname as name, c.relkind = 'p' as partitioned, coalesce((
    select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition order by c.relname`;

/** As an alias: no column that is called alike can be meant by it. */
const whole = ident('tenantry row');

const rowsOf = (schema: string, { name, partitioned }: Table): string =>
  `${partitioned ? '' : 'only '}${ident(schema)}.${ident(name)}`;

/**
 * All tables of a schema as JSON Lines, from one snapshot: what is written meanwhile is in none of them. Read by the schema's owner, not
 * by the tenant's role; a policy that would hide a row is an error instead.
 */
export async function* exportSchema(
  connections: StoreConnections,
  databaseName: string,
  schema: string,
  signal: AbortSignal,
): AsyncIterable<ExportedPart> {
  const client = await connections.alone(databaseName);
  const abort = () => void client.end().catch(() => undefined);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query('set local row_security = off');
    const { rows: tables } = await client.query<Table>(tablesIn, [schema]);
    const schemaVersion = tables.some(({ name }) => name === appliedTable) ? await versionOf(client, schema) : null;
    for (const table of tables) {
      const source = rowsOf(schema, table);
      const { rows: counted } = await client.query<{ count: string }>(`select count(*) from ${source}`);
      yield {
        what: 'rows',
        name: table.name,
        about: { columns: table.columns, schemaVersion },
        sourceRows: Number(counted[0]?.count),
        pieces: client.query(
          new CopyOut(`copy (select row_to_json(${whole}.*)::text from ${source} ${whole}) to stdout`),
        ),
      };
    }
    await client.query('commit');
  } finally {
    signal.removeEventListener('abort', abort);
    await client.end().catch(() => undefined);
  }
}

async function versionOf(client: pg.Client, schema: string): Promise<number | null> {
  const applied = `${ident(schema)}.${ident(appliedTable)}`;
  const { rows } = await client.query<{ version: number | null }>(`select max(number) as version from ${applied}`);
  return rows[0]?.version ?? null;
}

/** Zeros when there is no such schema. */
export async function measureSchema(
  connections: StoreConnections,
  databaseName: string,
  schema: string,
): Promise<Measures> {
  const client = await connections.alone(databaseName);
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query('set local row_security = off');
    const { rows: tables } = await client.query<Table>(tablesIn, [schema]);
    let rows = 0;
    for (const table of tables) {
      const counted = await client.query<{ count: string }>(`select count(*) from ${rowsOf(schema, table)}`);
      rows += Number(counted.rows[0]?.count);
    }
    const { rows: held } = await client.query<{ schemas: number; roles: number }>(
      `select (select count(*)::int from pg_namespace where nspname = $1) as schemas,
              (select count(*)::int from pg_roles where rolname = $1) as roles`,
      [schema],
    );
    return { schemas: held[0]?.schemas ?? 0, roles: held[0]?.roles ?? 0, tables: tables.length, rows };
  } finally {
    await client.end().catch(() => undefined);
  }
}
