import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { RestoreSource } from '../../provider.ts';
import { columnsOf } from '../backup/snapshotTables.ts';
import { RawCopyIn } from '../backup/rawCopyIn.ts';
import { buildColumn, oneStatement } from './buildTables.ts';
import { quietTriggers, takeOff, type Taken, type TakenOff } from './bareTables.ts';
import type { HeldTable } from './heldSchema.ts';
import type { MigratedSchema } from './migratedSchema.ts';

const ident = pg.escapeIdentifier;

/** Below it an index costs less to keep than to build again. */
const largeBytes = 1024 * 1024;
/** For building indexes; PostgreSQL gives it back at the end of each. */
const indexMemory = '256MB';
/** Below it a plan without statistics does well, and autovacuum has looked within a minute. */
const analysedBytes = 8 * 1024 * 1024;
/**
 * A look at a few rows of what indexes rest on, so that the first queries are planned well, as `vacuumdb --analyze-in-stages` takes it; a thorough one
 * takes as long as bringing the rows back. Autovacuum looks thoroughly later: to it all rows of this transaction are new.
 */
const firstStatistics = 10;

export interface Loaded {
  rows: number;
  bytes: number;
}

/** The tables as they are before their rows come in. */
export interface LoadTarget extends Pick<MigratedSchema, 'watch' | 'columns' | 'indexed'> {
  /** Nobody else has seen them yet. */
  areNew: boolean;
}

/**
 * Brings rows into tables that are there, in place of what is in them: keys, indexes and triggers are off meanwhile. In the caller's transaction, with the
 * schema as the search path. A key that the copy did not have is not put back: its rows may not fit it.
 *
 * @throws `backup_damaged` · `restore_refused` · `restore_dangling`, and what reading the parts throws
 */
export async function loadTables(
  client: pg.ClientBase,
  schema: string,
  tables: readonly HeldTable[],
  { open, signal }: Pick<RestoreSource, 'open'> & { signal: AbortSignal },
  { areNew, watch, columns, indexed }: LoadTarget,
): Promise<Loaded & { isAlike: boolean }> {
  const names = tables.map(({ definition }) => definition.name);
  const large = tables.filter(({ part }) => part.bytes >= largeBytes).map(({ definition }) => definition.name);
  if (large.length > 0) await client.query(`set local maintenance_work_mem = '${indexMemory}'`);
  const hear = await quietTriggers(client, watch, names);
  const taken = await takeOff(client, schema, watch, { tables: names, large });
  await empty(client, tables, areNew);
  const hasItsColumns = await settleColumns(client, columns, tables);
  const loaded = { rows: 0, bytes: 0 };
  for (const table of tables) {
    signal.throwIfAborted();
    loaded.rows += await loadTable(client, table, open);
    loaded.bytes += table.part.bytes;
  }
  const hasItsKeys = await putBack(client, taken, tables);
  for (const statement of hear) await client.query(statement);
  const analysed = tables.filter(({ part }) => part.bytes >= analysedBytes).map(({ definition }) => definition.name);
  if (analysed.length > 0) await client.query(`set local default_statistics_target = ${firstStatistics}`);
  for (const name of analysed) {
    const first = (indexed.get(name) ?? []).filter((column) => columns.get(name)?.has(column));
    await client.query(
      `analyze ${ident(name)} ${hasItsColumns && first.length > 0 ? `(${first.map(ident).join(', ')})` : ''}`,
    );
  }
  return { ...loaded, isAlike: hasItsColumns && hasItsKeys };
}

async function loadTable(
  client: pg.ClientBase,
  { part, definition }: HeldTable,
  open: RestoreSource['open'],
): Promise<number> {
  // Read to its end in any case: what a part without rows holds is nothing, and that is checked too.
  const pieces = open(part);
  if (definition.partitionedBy !== null) {
    for await (const piece of pieces) if (piece.length > 0) throw lost(part.number);
    return 0;
  }
  // Frozen: nobody can see these tables before, so nobody has to look again later whether their rows may be seen.
  const copy = `copy ${ident(definition.name)} ${columnsOf(definition)} from stdin with (freeze)`;
  const rows = await client.query(new RawCopyIn(copy, pieces)).done.catch((error: pg.DatabaseError) => {
    throw explainedRow(error, definition.name);
  });
  if (rows !== part.rows) throw lost(part.number);
  return rows;
}

const lost = (number: number): DomainError =>
  new DomainError('backup_damaged', `Part ${number} holds another number of rows than were counted.`);

/**
 * What migrations put into tables that were made just now is deleted: truncating writes each of them to the disk. What others may have seen is
 * truncated, so that its rows can come in frozen.
 */
async function empty(client: pg.ClientBase, tables: readonly HeldTable[], areNew: boolean): Promise<void> {
  const names = tables.flatMap(({ definition: { name, partitionedBy } }) =>
    partitionedBy === null ? [ident(name)] : [],
  );
  if (names.length === 0) return;
  if (!areNew) {
    await client.query(`truncate only ${names.join(', only ')}`);
    return;
  }
  const { rows } = await client.query<{ at: number }>(
    names.map((name, at) => `select ${at} as at where exists (select 1 from only ${name})`).join(' union all '),
  );
  for (const { at } of rows) await client.query(`delete from only ${names[at]}`);
}

/** What somebody added to a table or took from it by hand is done again, or its rows would not fit. Returns whether there was nothing of that. */
async function settleColumns(
  client: pg.ClientBase,
  found: MigratedSchema['columns'],
  tables: readonly HeldTable[],
): Promise<boolean> {
  let isAlike = true;
  for (const {
    definition: { name, columns },
  } of tables) {
    const there = found.get(name) ?? new Set(columns.map((column) => column.name)); // made for this copy, by its own definition
    const held = new Set(columns.map((column) => column.name));
    const missing = columns.filter((column) => !there.has(column.name));
    const tooMany = [...there].filter((column) => !held.has(column));
    isAlike &&= missing.length + tooMany.length === 0;
    for (const column of missing) await buildColumn(client, name, column);
    for (const column of tooMany) await oneStatement(client, `alter table ${ident(name)} drop column ${ident(column)}`);
  }
  return isAlike;
}

/** Returns whether all of them were put back. */
async function putBack(
  client: pg.ClientBase,
  { keys, foreignKeys }: TakenOff,
  tables: readonly HeldTable[],
): Promise<boolean> {
  const hadKeys = new Map(
    tables.map(({ definition: { name, constraints, indexes } }) => [
      name,
      new Set([...constraints, ...indexes].map((one) => one.name)),
    ]),
  );
  const isHeld = ({ table, name }: Taken) => hadKeys.get(table)?.has(name) ?? true;
  for (const key of keys)
    if (isHeld(key))
      await client.query(key.putBack).catch((error: pg.DatabaseError) => {
        throw explainedRow(error, key.table);
      });
  for (const key of foreignKeys)
    if (isHeld(key))
      await client.query(key.putBack).catch((error: pg.DatabaseError) => {
        if (error.code === '23503') throw dangling(key, error);
        throw error;
      });
  return [...keys, ...foreignKeys].every(isHeld);
}

export const dangling = ({ table, refersTo }: Taken, cause: unknown): DomainError =>
  new DomainError(
    'restore_dangling',
    `Rows of ${table} would refer to rows of ${refersTo} that are not there. Choose both tables, or restore everything.`,
    { cause },
  );

/** Rows that do not fit their table (class 22 and 23 of PostgreSQL's codes): never with the row itself in the text. */
export function explainedRow(error: pg.DatabaseError, table: string): unknown {
  if (!/^2[23]/.test(error.code ?? '')) return error;
  const text = `PostgreSQL refuses rows of ${table} (${error.code}${error.constraint ? `, ${error.constraint}` : ''}).`;
  return new DomainError('restore_refused', text, { cause: error });
}
