import type pg from 'pg';
import { inSchema } from '../catalogue.ts';
import { readShape } from '../shape.ts';
import type { TenantMigration } from '../tenantMigrations.ts';
import { readWatch, type Watch } from './bareTables.ts';

/** What a schema is right after its migrations, before anything else was done to it. */
export interface MigratedSchema {
  /** Tables and sequences. */
  relations: Set<string>;
  /** Of each table. */
  columns: Map<string, Set<string>>;
  /** Those that an index or a key rests on, of each table: by them the first queries are planned. */
  indexed: Map<string, string[]>;
  watch: Watch;
  /** Of constraints and indexes, as `table\nname`. */
  keyNames: Set<string>;
  /** As `readShape` tells it. */
  shape: Map<string, string>;
}

const mostKnown = 32;

/**
 * Tenants of a product have the same migrations, so what these make is read out of the catalogues once, and not in each restore: in a store of
 * many tenants that takes as long as a small tenant's rows. Which tables there are is looked at each time: a migration may make them by the date.
 */
export class MigratedSchemas {
  readonly #known = new Map<string, MigratedSchema>();

  /** In the transaction in which the migrations were applied, with the schema as the search path. */
  async of(
    client: pg.ClientBase,
    schema: string,
    migrations: readonly TenantMigration[],
    readerRole: string | null,
  ): Promise<MigratedSchema> {
    const { rows } = await client.query<{ name: string }>(
      `select relname as name from pg_class where oid = ${inSchema('pg_class')} and relkind in ('r', 'p', 'S') order by 1`,
      [schema],
    );
    const relations = rows.map(({ name }) => name);
    const key = JSON.stringify([readerRole, migrations.map(({ checksum }) => checksum), relations]);
    const known = this.#known.get(key);
    if (known) return known;
    const read = { relations: new Set(relations), ...(await readFacts(client, schema)) };
    const [oldest] = this.#known.keys();
    if (this.#known.size >= mostKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, read);
    return read;
  }
}

const columnsQuery = `
  select c.relname as table, array_agg(a.attname::text) as names,
    array_agg(a.attname::text) filter (where exists (select 1 from pg_index i where i.indrelid = c.oid and a.attnum = any(i.indkey))) as indexed
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.oid = ${inSchema('pg_class')} and c.relkind in ('r', 'p') group by 1`;

const keyNamesQuery = `
  with tables as materialized (select oid, relname from pg_class where oid = ${inSchema('pg_class')})
  select t.relname as table, k.conname as name from tables t join pg_constraint k on k.conrelid = t.oid
  union all
  select t.relname, x.relname from tables t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid`;

export async function readKeyNames(client: pg.ClientBase, schema: string): Promise<Set<string>> {
  const { rows } = await client.query<{ table: string; name: string }>(keyNamesQuery, [schema]);
  return new Set(rows.map(({ table, name }) => `${table}\n${name}`));
}

/** The columns of each table, and those that an index rests on. */
export async function readColumns(
  client: pg.ClientBase,
  schema: string,
): Promise<Pick<MigratedSchema, 'columns' | 'indexed'>> {
  const { rows } = await client.query<{ table: string; names: string[]; indexed: string[] | null }>(columnsQuery, [
    schema,
  ]);
  return {
    columns: new Map(rows.map(({ table, names }) => [table, new Set(names)])),
    indexed: new Map(rows.map(({ table, indexed }) => [table, indexed ?? []])),
  };
}

async function readFacts(client: pg.ClientBase, schema: string): Promise<Omit<MigratedSchema, 'relations'>> {
  return {
    ...(await readColumns(client, schema)),
    watch: await readWatch(client, schema),
    keyNames: await readKeyNames(client, schema),
    shape: (await readShape(client, schema)).lines,
  };
}
