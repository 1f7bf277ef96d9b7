import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { RestoreSource, Restored } from '../../provider.ts';
import { readTables } from '../backup/definitions.ts';
import { inSchema } from '../catalogue.ts';
import { columnsOf } from '../backup/snapshotTables.ts';
import { appliedTable, applyTenantMigrations, type TenantMigration } from '../tenantMigrations.ts';
import { quietTriggers, readWatch, takeOff } from './bareTables.ts';
import { cutReferences, type HeldSchema, type HeldTable } from './heldSchema.ts';
import { dangling, loadTables, type Loaded } from './loadTables.ts';
import { readColumns } from './migratedSchema.ts';
import { beAlone, buildMissing, settleSequences } from './restoreSchema.ts';

const ident = pg.escapeIdentifier;

/**
 * Brings back chosen tables in place of what is in them now; the others stay as they are. Where the schema has moved on since the backup, they are
 * loaded beside, migrated there, and brought over. In the caller's transaction.
 *
 * @throws `restore_refused` for what cannot be chosen · `restore_dangling` when rows would refer to rows that are not there
 */
export async function restoreChosen(
  client: pg.ClientBase,
  { name, migrations }: { name: string; migrations: TenantMigration[] },
  held: HeldSchema,
  from: Pick<RestoreSource, 'open'> & { signal: AbortSignal; only: readonly string[] },
): Promise<Restored> {
  const chosen = chosenTables(held, from.only);
  const names = new Set(chosen.map(({ definition }) => definition.name));
  const { rows: applied } = await client.query<{ count: number }>(
    `select count(*)::int as count from ${ident(name)}.${appliedTable}`,
  );
  const isOfToday = applied[0]?.count === held.version;
  await beAlone(client, name);
  if (isOfToday) await buildMissing(client, held, await relationsOf(client, name), (table) => names.has(table));
  const { rows, bytes } = isOfToday
    ? await loadTables(client, name, chosen, from, { areNew: false, ...(await readTarget(client, name)) })
    : await bringOver(client, { name, migrations }, held, chosen, from);
  await settleSequences(
    client,
    name,
    held.sequences.filter(({ ownedBy }) => ownedBy !== null && names.has(ownedBy.table)),
    { neverBack: true },
  );
  const cut = cutReferences(
    [...held.tables.values()].map(({ definition }) => definition),
    names,
  );
  const leftOut = [
    ...new Set(cut.flatMap(({ table, refersTo }) => [table, refersTo]).filter((one) => !names.has(one))),
  ];
  return {
    ...{ rows, bytes, objects: 0 },
    leftOut: leftOut.map((table) => ({
      what: `table ${table}`,
      why: 'it was not chosen, and a chosen one is tied to it',
    })),
  };
}

/** With a partitioned table come its partitions. */
function chosenTables(held: HeldSchema, only: readonly string[]): HeldTable[] {
  const wanted = new Set(only);
  for (const name of wanted)
    if (!held.tables.has(name) || name === appliedTable)
      throw new DomainError(
        'restore_refused',
        `There is no table ${JSON.stringify(name)} in the backup that can be chosen.`,
      );
  if (wanted.size === 0) throw new DomainError('restore_refused', 'No table is chosen.');
  for (const { definition } of held.tables.values())
    if (definition.partitionOf && wanted.has(definition.partitionOf.parent)) wanted.add(definition.name);
  return [...held.tables.values()].filter(({ definition }) => wanted.has(definition.name));
}

async function bringOver(
  client: pg.ClientBase,
  { name, migrations }: { name: string; migrations: TenantMigration[] },
  held: HeldSchema,
  chosen: HeldTable[],
  from: Pick<RestoreSource, 'open'> & { signal: AbortSignal },
): Promise<Loaded> {
  const beside = `${name}_beside`;
  await client.query(`drop schema if exists ${ident(beside)} cascade; create schema ${ident(beside)}`);
  await applyTenantMigrations(client, beside, held.migrations);
  await beAlone(client, beside);
  const names = new Set(chosen.map(({ definition }) => definition.name));
  await buildMissing(client, held, await relationsOf(client, beside), (table) => names.has(table));
  // Rows refer to rows of tables that were not chosen: those are in the tenant's own schema, where it is looked.
  await takeOff(client, beside, await readWatch(client, beside), { tables: [...held.tables.keys()], large: [] });
  const loaded = await loadTables(client, beside, chosen, from, {
    areNew: true,
    ...(await readTarget(client, beside)),
  });
  await applyTenantMigrations(client, beside, migrations);
  await beAlone(client, name);

  const [here, there] = [await tablesOf(client, name), await tablesOf(client, beside)];
  const moved = [...names].filter((table) => here.get(table)?.partitionedBy === null);
  const gone = [...names].filter((table) => !here.has(table) || !there.has(table));
  if (gone.length > 0)
    throw new DomainError(
      'restore_refused',
      `The table ${gone.join(', ')} is not in the schema any more. Restore everything.`,
    );
  const watch = await readWatch(client, name);
  const hear = await quietTriggers(client, watch, moved);
  const taken = await takeOff(client, name, watch, { tables: moved, large: [] });
  await client.query(`truncate only ${moved.map(ident).join(', only ')}`);
  for (const table of moved) {
    const columns = columnsOf({ columns: here.get(table)!.columns }).slice(1, -1);
    await client.query(
      `insert into ${ident(table)} ${columns === '' ? '' : `(${columns}) overriding system value`}
       select ${columns} from only ${ident(beside)}.${ident(table)}`,
    );
  }
  for (const key of taken.foreignKeys)
    await client.query(key.putBack).catch((error: pg.DatabaseError) => {
      throw error.code === '23503' ? dangling(key, error) : error;
    });
  for (const statement of hear) await client.query(statement);
  await client.query(`drop schema ${ident(beside)} cascade`);
  return loaded;
}

/** What is there now, which may be otherwise than migrations made it. */
const readTarget = async (client: pg.ClientBase, schema: string) => ({
  ...(await readColumns(client, schema)),
  watch: await readWatch(client, schema),
});

async function relationsOf(client: pg.ClientBase, schema: string): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where oid = ${inSchema('pg_class')} and relkind in ('r', 'p', 'S')`,
    [schema],
  );
  return new Set(rows.map(({ name }) => name));
}

const tablesOf = async (client: pg.ClientBase, schema: string) =>
  new Map((await readTables(client, schema)).map((table) => [table.name, table]));
