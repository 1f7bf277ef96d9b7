import pg from 'pg';
import { inSchema } from '../catalogue.ts';

const ident = pg.escapeIdentifier;

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

/** Those without a mark of their own that a definition does not repeat: a comment, storage options, a place as replica identity. */
const plainIndex = `
  x.reloptions is null and not i.indisreplident and not i.indisclustered and i.indisvalid
  and obj_description(x.oid, 'pg_class') is null`;

const keysQuery = `
  select t.relname as table, coalesce(k.conname, x.relname) as name, k.oid is not null as constrains,
         coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(x.oid)) as is
  from pg_class t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid
  left join pg_constraint k on k.conrelid = t.oid and k.conindid = x.oid and k.contype in ('p', 'u', 'x')
  where t.oid = ${inSchema('pg_class')} and t.relname = any($2::name[]) and t.relkind = 'r' and not t.relispartition and ${plainIndex}
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
  where t.oid = ${inSchema('pg_class')} and k.contype = 'f' and k.conparentid = 0 and (t.relname = any($2::name[]) or f.relname = any($2::name[]))
  order by t.relname, k.conname`;

/**
 * Takes foreign keys off these tables and off what refers to them; off those where it pays, keys and indexes too: building them when all rows are
 * there is quicker. In the caller's transaction, with the schema as the search path.
 */
export async function takeOff(
  client: pg.ClientBase,
  schema: string,
  { tables, large }: { tables: string[]; large: string[] },
): Promise<TakenOff> {
  const { rows: foreign } = await client.query<{ table: string; name: string; refersTo: string; is: string }>(
    foreignKeysQuery,
    [schema, tables],
  );
  const foreignKeys = foreign.map(({ table, name, refersTo, is }): Taken => {
    const alter = `alter table ${ident(table)}`;
    const [drop, putBack] = [`${alter} drop constraint ${ident(name)}`, `${alter} add constraint ${ident(name)} ${is}`];
    return { table, name, kind: 'constraint', refersTo, drop, putBack };
  });
  for (const { drop } of foreignKeys) await client.query(drop);
  if (large.length === 0) return { keys: [], foreignKeys };
  const { rows: found } = await client.query<{ table: string; name: string; constrains: boolean; is: string }>(
    keysQuery,
    [schema, large],
  );
  const keys = found.map(({ table, name, constrains, is }): Taken => {
    const alter = `alter table ${ident(table)}`;
    return constrains
      ? {
          table,
          name,
          kind: 'constraint',
          refersTo: null,
          drop: `${alter} drop constraint ${ident(name)}`,
          putBack: `${alter} add constraint ${ident(name)} ${is}`,
        }
      : { table, name, kind: 'index', refersTo: null, drop: `drop index ${ident(name)}`, putBack: is };
  });
  for (const { drop } of keys) await client.query(drop);
  return { keys, foreignKeys };
}

/** Triggers of the product do not see rows come back. Returns the statements that let them see again, each as it was. */
export async function quietTriggers(client: pg.ClientBase, schema: string, tables: string[]): Promise<string[]> {
  const { rows } = await client.query<{ table: string; name: string; enabled: 'O' | 'A' | 'R' }>(
    `select t.relname as table, g.tgname as name, g.tgenabled as enabled
     from pg_class t join pg_trigger g on g.tgrelid = t.oid
     where t.oid = ${inSchema('pg_class')} and t.relname = any($2::name[]) and not g.tgisinternal and g.tgenabled <> 'D' and g.tgparentid = 0`,
    [schema, tables],
  );
  for (const { table, name } of rows) await client.query(`alter table ${ident(table)} disable trigger ${ident(name)}`);
  const how = { O: 'enable', A: 'enable always', R: 'enable replica' } as const;
  return rows.map(({ table, name, enabled }) => `alter table ${ident(table)} ${how[enabled]} trigger ${ident(name)}`);
}
