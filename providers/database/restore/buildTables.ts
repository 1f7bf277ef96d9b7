import pg from 'pg';
import type { ColumnDefinition, SequenceState, TableDefinition } from '../backup/definitions.ts';

const ident = pg.escapeIdentifier;

/** One statement and no more, whatever its text says: by the extended protocol. The search path is the schema's own. */
export const oneStatement = (client: pg.ClientBase, text: string): Promise<pg.QueryResult> =>
  client.query({ text, queryMode: 'extended' } as pg.QueryConfig);

/** A table, and sequences, that no migration makes, as they were. Keys and indexes follow when its rows are there. */
export async function buildTable(
  client: pg.ClientBase,
  table: TableDefinition,
  sequences: readonly SequenceState[],
): Promise<void> {
  const kept = table.unlogged ? 'unlogged table' : 'table';
  const partitions = table.partitionedBy === null ? '' : ` partition by ${table.partitionedBy}`;
  const { partitionOf } = table;
  if (partitionOf) {
    const of = `partition of ${ident(partitionOf.parent)} ${partitionOf.bound}`;
    await oneStatement(client, `create ${kept} ${ident(table.name)} ${of}${partitions}`);
    return;
  }
  const columns = table.columns.map((column) => columnText(column, identitySequence(table, column, sequences)));
  const inherits = table.inherits.length > 0 ? ` inherits (${table.inherits.map(ident).join(', ')})` : '';
  await oneStatement(client, `create ${kept} ${ident(table.name)} (${columns.join(', ')})${inherits}${partitions}`);
}

export async function buildColumn(client: pg.ClientBase, table: string, column: ColumnDefinition): Promise<void> {
  await oneStatement(client, `alter table ${ident(table)} add column ${columnText(column, null)}`);
}

/** Those that belong to an identity column come with it. */
export async function buildSequence(client: pg.ClientBase, sequence: SequenceState): Promise<void> {
  await oneStatement(client, `create sequence ${ident(sequence.name)} as ${sequence.type} ${rangeOf(sequence)}`);
}

export async function ownSequence(client: pg.ClientBase, { name, ownedBy }: SequenceState): Promise<void> {
  if (ownedBy)
    await oneStatement(
      client,
      `alter sequence ${ident(name)} owned by ${ident(ownedBy.table)}.${ident(ownedBy.column)}`,
    );
}

export const isOfIdentity = (sequence: SequenceState, tables: ReadonlyMap<string, TableDefinition>): boolean =>
  tables
    .get(sequence.ownedBy?.table ?? '')
    ?.columns.some(({ name, identity }) => name === sequence.ownedBy?.column && identity !== '') ?? false;

function identitySequence(
  { name: table }: TableDefinition,
  { name, identity }: ColumnDefinition,
  sequences: readonly SequenceState[],
): SequenceState | null {
  if (identity === '') return null;
  return sequences.find(({ ownedBy }) => ownedBy?.table === table && ownedBy.column === name) ?? null;
}

function columnText(column: ColumnDefinition, sequence: SequenceState | null): string {
  const { name, type, required, default: expression, identity, generated, collation } = column;
  const always = identity === 'a' ? 'always' : 'by default';
  const options = sequence ? ` (sequence name ${ident(sequence.name)} ${rangeOf(sequence)})` : '';
  return [
    `${ident(name)} ${type}`,
    collation === null ? '' : `collate ${ident(collation)}`,
    generated !== '' ? `generated always as (${expression}) ${generated === 's' ? 'stored' : 'virtual'}` : '',
    generated === '' && identity === '' && expression !== null ? `default ${expression}` : '',
    identity === '' ? '' : `generated ${always} as identity${options}`,
    required ? 'not null' : '',
  ]
    .filter((word) => word !== '')
    .join(' ');
}

const whole = (text: string): string => BigInt(text).toString();

const rangeOf = ({ start, increment, least, most, cache, cycles }: SequenceState): string =>
  `start ${whole(start)} increment ${whole(increment)} minvalue ${whole(least)} maxvalue ${whole(most)} cache ${whole(cache)} ${cycles ? 'cycle' : 'no cycle'}`;
