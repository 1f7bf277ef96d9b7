import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { unlessAborted } from '#domain/backups/format/unlessAborted.ts';
import type { SnapshotPart } from '../../provider.ts';
import { inSchema } from '../catalogue.ts';
import { readShape } from '../shape.ts';
import type { StoreConnections } from '../stores/storeConnections.ts';
import { appliedTable } from '../tenantMigrations.ts';
import { readSequences, readTables, type TableDefinition } from './definitions.ts';
import { Lanes } from './lanes.ts';
import { RawCopyOut } from './rawCopyOut.ts';

const ident = pg.escapeIdentifier;
const width = 2;
/** A second connection costs more than it gains where less is read. */
const worthMore = 16 * 1024 * 1024;
const looks = 5;

/**
 * All tables of a schema as `COPY` writes them, from one snapshot that several connections share. First a part without rows tells what the whole
 * schema is: its migrations, its sequences, its shape. Locked against changes of its tables, not of their rows.
 *
 * @throws `backup_rows_hidden` when a row policy is forced upon the owner, or a table belongs to somebody else
 */
export async function* snapshotTables(
  connections: StoreConnections,
  database: string,
  schema: string,
  signal: AbortSignal,
): AsyncIterable<SnapshotPart> {
  const quoted = (name: string) => `${ident(schema)}.${ident(name)}`;
  let tables: TableDefinition[] = [];
  const lanes = await explained(() =>
    Lanes.open(connections, database, { schema: ident(schema), signal }, async (leader) => {
      tables = await lockedTables(leader, schema, quoted);
      return { width: (await bytesOf(leader, schema)) > worthMore ? width : 1 };
    }),
  );
  let isOver = false;
  try {
    const at = new Date();
    const { leader } = lanes;
    const migrations = tables.some(({ name }) => name === appliedTable)
      ? (await leader.query(`select number, name, checksum from ${quoted(appliedTable)} order by number`)).rows
      : [];
    const schemaVersion = (migrations.at(-1) as { number: number } | undefined)?.number ?? null;
    const sequences = await readSequences(leader, schema, quoted);
    const shape = [...(await readShape(leader, schema)).lines];
    await leader.query(`set local search_path = ${ident(schema)}`);
    yield {
      what: 'rows',
      name: 'schema',
      at,
      about: { role: 'schema', schemaVersion, migrations, sequences, shape },
      pieces: nothing(),
      held: () => ({ rows: 0 }),
    };
    const reading: Promise<void>[] = [];
    for (const table of tables) {
      const read = Promise.withResolvers<void>();
      // What is partitioned is not read: its rows lie in its partitions, which are parts of their own.
      if (table.partitionedBy === null) reading.push(read.promise);
      yield tablePart(lanes, table, at, read.resolve);
    }
    await unlessAborted(Promise.all(reading), signal);
    await leader.query('commit');
    isOver = true;
  } finally {
    lanes.close(isOver);
  }
}

function tablePart(lanes: Lanes, table: TableDefinition, at: Date, isRead: () => void): SnapshotPart {
  const about = { role: 'table', definition: table };
  if (table.partitionedBy !== null)
    return { what: 'rows', name: table.name, at, about, pieces: nothing(), held: () => ({ rows: 0 }) };
  const copied = new RawCopyOut(`copy ${ident(table.name)} ${columnsOf(table)} to stdout`);
  async function* pieces(): AsyncIterable<Buffer> {
    const lane = await lanes.take();
    try {
      yield* lane.query(copied);
    } catch (error) {
      throw hiddenRows(error) ?? error;
    } finally {
      lanes.giveBack(lane);
      isRead();
    }
  }
  return { what: 'rows', name: table.name, at, about, pieces: pieces(), held: () => ({ rows: copied.rows }) };
}

async function* nothing(): AsyncIterable<Buffer> {}

/** What is generated is generated again. A table without columns has rows all the same. */
export const columnsOf = ({ columns }: Pick<TableDefinition, 'columns'>): string => {
  const kept = columns.filter(({ generated }) => generated === '').map(({ name }) => ident(name));
  return kept.length > 0 ? `(${kept.join(', ')})` : '';
};

/**
 * Nobody changes what a table is made of while it is read: it is locked before the snapshot is taken, and what was made in between is found
 * by looking again.
 */
async function lockedTables(
  leader: pg.ClientBase,
  schema: string,
  quoted: (name: string) => string,
): Promise<TableDefinition[]> {
  for (let look = 1; ; look++) {
    const { rows } = await leader.query<{ name: string }>(
      `select relname as name from pg_class where oid = ${inSchema('pg_class')} and relkind in ('r', 'p') order by 1`,
      [schema],
    );
    // The locks come first in a transaction of their own beginning: LOCK takes no snapshot.
    await leader.query('rollback; begin isolation level repeatable read read only; set local row_security = off');
    if (rows.length > 0)
      await leader.query(
        `lock table ${rows.map(({ name }) => `only ${quoted(name)}`).join(', ')} in access share mode`,
      );
    const tables = await readTables(leader, schema);
    const found = tables.map(({ name }) => name).toSorted();
    if (
      found.join('\n') ===
      rows
        .map(({ name }) => name)
        .toSorted()
        .join('\n')
    )
      return tables;
    if (look === looks)
      throw new DomainError('backup_failed', 'Tables come and go while they are to be read. It is tried again later.');
  }
}

async function bytesOf(leader: pg.ClientBase, schema: string): Promise<number> {
  const { rows } = await leader.query<{ bytes: string | null }>(
    `select sum(pg_relation_size(oid))::text as bytes from pg_class where oid = ${inSchema('pg_class')} and relkind = 'r'`,
    [schema],
  );
  return Number(rows[0]?.bytes ?? 0);
}

function hiddenRows(error: unknown): DomainError | null {
  const { code, message } = error as pg.DatabaseError;
  if (code !== '42501') return null;
  return new DomainError(
    'backup_rows_hidden',
    /row-level security|row security/.test(message)
      ? 'A row policy is forced upon the owner of a table, so that not all of its rows can be read. Leave out FORCE ROW LEVEL SECURITY.'
      : 'A table of the schema belongs to another role, so that it cannot be read. Repair what the drift check finds first.',
    { cause: error },
  );
}

async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  return work().catch((error: unknown) => {
    throw hiddenRows(error) ?? error;
  });
}
