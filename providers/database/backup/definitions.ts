import type pg from 'pg';
import { z } from 'zod';
import { inSchema } from '../catalogue.ts';

const Column = z.strictObject({
  name: z.string(),
  /** With its modifiers, as a schema's own search path writes it. */
  type: z.string(),
  required: z.boolean(),
  /** An expression; of a generated column what it is generated from. */
  default: z.string().nullable(),
  identity: z.enum(['', 'a', 'd']),
  /** Stored or computed when it is read. */
  generated: z.enum(['', 's', 'v']),
  /** Only where it is another than its type's. */
  collation: z.string().nullable(),
});

/**
 * What a table is made of, in the words of its own schema's search path. The tenant migrations make tables; from this only those are made that
 * no migration makes.
 */
export const TableDefinition = z.strictObject({
  name: z.string(),
  columns: z.array(Column),
  /** `partition by …`, without the words; null for an ordinary table. */
  partitionedBy: z.string().nullable(),
  partitionOf: z.strictObject({ parent: z.string(), bound: z.string() }).nullable(),
  inherits: z.array(z.string()),
  unlogged: z.boolean(),
  constraints: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(['p', 'u', 'c', 'f', 'x', 'n']),
      is: z.string(),
      refersTo: z.string().nullable(),
    }),
  ),
  indexes: z.array(z.strictObject({ name: z.string(), is: z.string() })),
});
export type TableDefinition = z.output<typeof TableDefinition>;
export type ColumnDefinition = TableDefinition['columns'][number];

/** A line of the part that comes before the tables. */
export const SequenceState = z.strictObject({
  name: z.string(),
  type: z.string(),
  start: z.string(),
  increment: z.string(),
  least: z.string(),
  most: z.string(),
  cache: z.string(),
  cycles: z.boolean(),
  /** `table.column` that it goes with; null for one of its own. */
  ownedBy: z.strictObject({ table: z.string(), column: z.string() }).nullable(),
  lastValue: z.string(),
  isCalled: z.boolean(),
});
export type SequenceState = z.output<typeof SequenceState>;

const tablesQuery = `
  select c.relname as name, c.relpersistence = 'u' as unlogged,
    pg_get_partkeydef(c.oid) as "partitionedBy",
    case when c.relispartition then jsonb_build_object(
      'parent', (select p.relname from pg_inherits i join pg_class p on p.oid = i.inhparent where i.inhrelid = c.oid),
      'bound', pg_get_expr(c.relpartbound, c.oid)) end as "partitionOf",
    case when c.relispartition then '[]' else coalesce((
      select jsonb_agg(p.relname order by i.inhseqno) from pg_inherits i join pg_class p on p.oid = i.inhparent
      where i.inhrelid = c.oid), '[]') end as inherits,
    coalesce((
      select jsonb_agg(jsonb_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'required', a.attnotnull,
        'default', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity, 'generated', a.attgenerated,
        'collation', case when a.attcollation <> t.typcollation then l.collname end) order by a.attnum)
      from pg_attribute a join pg_type t on t.oid = a.atttypid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum left join pg_collation l on l.oid = a.attcollation
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
    coalesce((
      select jsonb_agg(jsonb_build_object('name', k.conname, 'kind', k.contype, 'is', pg_get_constraintdef(k.oid),
        'refersTo', (select f.relname from pg_class f where f.oid = k.confrelid)) order by k.conname)
      from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'c', 'f', 'x') and k.conparentid = 0 and k.conislocal),
      '[]') as constraints,
    coalesce((
      select jsonb_agg(jsonb_build_object('name', x.relname, 'is', pg_get_indexdef(x.oid)) order by x.relname)
      from pg_index i join pg_class x on x.oid = i.indexrelid
      where i.indrelid = c.oid and not x.relispartition and not exists (
        select 1 from pg_constraint k where k.conrelid = c.oid and k.conindid = x.oid and k.contype in ('p', 'u', 'x'))), '[]') as indexes
  from pg_class c where c.oid = ${inSchema('pg_class')} and c.relkind in ('r', 'p') order by c.relispartition, c.relname`;

const sequencesQuery = `
  select c.relname as name, format_type(s.seqtypid, null) as type, s.seqstart::text as start, s.seqincrement::text as increment,
    s.seqmin::text as least, s.seqmax::text as most, s.seqcache::text as cache, s.seqcycle as cycles,
    (select jsonb_build_object('table', t.relname, 'column', a.attname)
     from pg_depend d join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
     where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')) as "ownedBy"
  from pg_class c join pg_sequence s on s.seqrelid = c.oid
  where c.oid = ${inSchema('pg_class')} and c.relkind = 'S' order by c.relname`;

/** Tables before their partitions. The schema must be the whole search path, or names are written with it. */
export async function readTables(client: pg.ClientBase, schema: string): Promise<TableDefinition[]> {
  return (await client.query<TableDefinition>(tablesQuery, [schema])).rows;
}

/** Where each sequence stands: what was drawn from it after the snapshot counts, so that no number is given twice. */
export async function readSequences(
  client: pg.ClientBase,
  schema: string,
  quoted: (name: string) => string,
): Promise<SequenceState[]> {
  const { rows } = await client.query<Omit<SequenceState, 'lastValue' | 'isCalled'>>(sequencesQuery, [schema]);
  if (rows.length === 0) return [];
  const { rows: states } = await client.query<{ name: number; value: string; called: boolean }>(
    rows
      .map(
        ({ name }, at) => `select ${at} as name, last_value::text as value, is_called as called from ${quoted(name)}`,
      )
      .join(' union all '),
  );
  const byName = new Map(states.map((state) => [state.name, state]));
  return rows.map((row, at) => ({
    ...row,
    lastValue: byName.get(at)?.value ?? row.start,
    isCalled: byName.get(at)?.called ?? false,
  }));
}
