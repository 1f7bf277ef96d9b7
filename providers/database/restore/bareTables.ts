import pg from 'pg';
import { inSchema } from '../catalogue.ts';

const ident = pg.escapeIdentifier;

/** What keeps watch over the rows of a schema's tables; definitions are written without the schema's name. */
export interface Watch {
  triggers: { table: string; name: string; enabled: 'O' | 'A' | 'R' }[];
  foreignKeys: { table: string; name: string; refersTo: string; is: string }[];
  keys: { table: string; name: string; constrains: boolean; is: string }[];
}

/** What was taken off tables, so that their rows come in without it, and how it is put back. */
export interface TakenOff {
  keys: Taken[];
  foreignKeys: Taken[];
}

export interface Taken {
  table: string;
  name: string;
  kind: 'constraint' | 'index';
  /** Where it is a foreign key. */
  refersTo: string | null;
  drop: string;
  putBack: string;
}

const triggersQuery = `
  select t.relname as table, g.tgname as name, g.tgenabled as enabled
  from pg_class t join pg_trigger g on g.tgrelid = t.oid
  where t.oid = ${inSchema('pg_class')} and not g.tgisinternal and g.tgenabled <> 'D' and g.tgparentid = 0`;

/** Those without a mark of their own that a definition does not repeat: a comment, storage options, a place as replica identity. */
const plainIndex = `
  x.reloptions is null and not i.indisreplident and not i.indisclustered and i.indisvalid
  and obj_description(x.oid, 'pg_class') is null`;

const keysQuery = `
  select t.relname as table, coalesce(k.conname, x.relname) as name, k.oid is not null as constrains,
         coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(x.oid)) as is
  from pg_class t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid
  left join pg_constraint k on k.conrelid = t.oid and k.conindid = x.oid and k.contype in ('p', 'u', 'x')
  where t.oid = ${inSchema('pg_class')} and t.relkind = 'r' and not t.relispartition and ${plainIndex}
    and (k.oid is null or obj_description(k.oid, 'pg_constraint') is null)
    and not exists (select 1 from pg_depend d where d.refclassid = 'pg_constraint'::regclass and d.refobjid = k.oid
                    and d.deptype = 'n' and d.classid <> 'pg_constraint'::regclass)
    -- A foreign key rests on the index of what it refers to; pg_constraint has no index by that.
    and not exists (select 1 from pg_depend d join pg_constraint f on f.oid = d.objid join pg_class r on r.oid = f.conrelid
                    where d.classid = 'pg_constraint'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = x.oid
                    and f.contype = 'f' and r.relnamespace <> t.relnamespace)
  order by t.relname, k.contype is distinct from 'p', 2`;

const foreignKeysQuery = `
  select t.relname as table, k.conname as name, f.relname as "refersTo", pg_get_constraintdef(k.oid) as is
  from pg_class t join pg_constraint k on k.conrelid = t.oid join pg_class f on f.oid = k.confrelid
  where t.oid = ${inSchema('pg_class')} and k.contype = 'f' and k.conparentid = 0
  order by t.relname, k.conname`;

/** Of the schema that is the search path. */
export async function readWatch(client: pg.ClientBase, schema: string): Promise<Watch> {
  const triggers = await client.query<Watch['triggers'][number]>(triggersQuery, [schema]);
  const foreignKeys = await client.query<Watch['foreignKeys'][number]>(foreignKeysQuery, [schema]);
  const keys = await client.query<Watch['keys'][number]>(keysQuery, [schema]);
  return { triggers: triggers.rows, foreignKeys: foreignKeys.rows, keys: keys.rows };
}

/**
 * Takes foreign keys off these tables and off what refers to them; off those where it pays, keys and indexes too: building them when all rows are
 * there is quicker. In the caller's transaction, with the schema as the search path.
 */
export async function takeOff(
  client: pg.ClientBase,
  schema: string,
  watch: Watch,
  { tables, large }: { tables: string[]; large: string[] },
): Promise<TakenOff> {
  const [wanted, bare] = [new Set(tables), new Set(large)];
  const dropOf = ({ table, name }: { table: string; name: string }) =>
    `alter table ${ident(table)} drop constraint ${ident(name)}`;
  const addOf = ({ table, name, is }: { table: string; name: string; is: string }) =>
    `alter table ${ident(table)} add constraint ${ident(name)} ${is}`;
  const foreignKeys = watch.foreignKeys
    .filter(({ table, refersTo }) => wanted.has(table) || wanted.has(refersTo))
    .map((key): Taken => ({ ...key, kind: 'constraint', drop: dropOf(key), putBack: addOf(key) }));
  const keys = watch.keys
    .filter(({ table }) => bare.has(table))
    .map((key): Taken => {
      const of = { table: key.table, name: key.name, refersTo: null };
      return key.constrains
        ? { ...of, kind: 'constraint', drop: dropOf(key), putBack: addOf(key) }
        : { ...of, kind: 'index', drop: `drop index ${ident(key.name)}`, putBack: writtenFor(key.is, schema) };
    });
  const drops = [...foreignKeys, ...keys].map(({ drop }) => drop);
  if (drops.length > 0) await client.query(drops.join('; '));
  return { keys, foreignKeys };
}

/** PostgreSQL writes an index with the schema of its table, which may have been another one. */
export const writtenFor = (definition: string, schema: string): string =>
  definition.replace(
    / ON (ONLY )?(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\./,
    (_all, only: string = '') => ` ON ${only}${ident(schema)}.`,
  );

/** Triggers of the product do not see rows come back. Returns the statements that let them see again, each as it was. */
export async function quietTriggers(client: pg.ClientBase, watch: Watch, tables: string[]): Promise<string[]> {
  const wanted = new Set(tables);
  const triggers = watch.triggers.filter(({ table }) => wanted.has(table));
  for (const { table, name } of triggers)
    await client.query(`alter table ${ident(table)} disable trigger ${ident(name)}`);
  const how = { O: 'enable', A: 'enable always', R: 'enable replica' } as const;
  return triggers.map(
    ({ table, name, enabled }) => `alter table ${ident(table)} ${how[enabled]} trigger ${ident(name)}`,
  );
}
