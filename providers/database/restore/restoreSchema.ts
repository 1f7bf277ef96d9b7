import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { RestoreSource, Restored } from '../../provider.ts';
import type { SequenceState, TableDefinition } from '../backup/definitions.ts';
import { exactSettings } from '../backup/lanes.ts';
import { settleSchema } from '../schema.ts';
import { readShape } from '../shape.ts';
import { applyTenantMigrations, keepMigrationsList, type TenantMigration } from '../tenantMigrations.ts';
import { buildSequence, buildTable, isOfIdentity, oneStatement, ownSequence } from './buildTables.ts';
import type { HeldSchema, HeldTable } from './heldSchema.ts';
import { writtenFor } from './bareTables.ts';
import { loadTables } from './loadTables.ts';
import { readKeyNames, type MigratedSchemas } from './migratedSchema.ts';
import { PartsAhead } from './partsAhead.ts';

const ident = pg.escapeIdentifier;

export interface SchemaTarget {
  name: string;
  tag: string;
  readerRole: string | null;
  /** All of ours: the schema is brought to the newest. */
  migrations: TenantMigration[];
  /** What is known of schemas with these migrations already. */
  schemas: MigratedSchemas;
}

/**
 * Makes the schema anew at the version of the backup, brings its rows back, then migrates it forward. In the caller's transaction: until it commits
 * everything is as it was.
 */
export async function restoreSchema(
  client: pg.ClientBase,
  target: SchemaTarget,
  held: HeldSchema,
  { open, signal }: Pick<RestoreSource, 'open'> & { signal: AbortSignal },
): Promise<Restored> {
  const tables = [...held.tables.values()];
  const ahead = new PartsAhead(
    tables.map(({ part }) => part),
    open,
  );
  try {
    return await bringBack(client, target, held, { tables, open: ahead.open, signal });
  } finally {
    ahead.close();
  }
}

async function bringBack(
  client: pg.ClientBase,
  { name, tag, readerRole, migrations, schemas }: SchemaTarget,
  held: HeldSchema,
  { tables, ...from }: { tables: HeldTable[]; signal: AbortSignal } & Pick<RestoreSource, 'open'>,
): Promise<Restored> {
  await refuseShared(client, name);
  await client.query(`drop schema ${ident(name)} cascade`);
  await settleSchema(client, { name, tag, readerRole, tagged: null });
  await applyTenantMigrations(client, name, held.migrations);
  await beAlone(client, name);
  const migrated = await schemas.of(client, name, held.migrations, readerRole);
  const built = await buildMissing(client, held, migrated.relations);
  const target = { ...migrated, areNew: true };
  const { rows, bytes, isAlike } = await loadTables(client, name, tables, from, target);
  const keyNames = built > 0 ? await readKeyNames(client, name) : migrated.keyNames;
  const added = await settleKeys(client, name, held, keyNames);
  await settleSequences(client, name, held.sequences);
  const isAsMigrated = isAlike && built + added === 0;
  const shape = isAsMigrated ? migrated.shape : (await readShape(client, name)).lines;
  const leftOut = differences(held.shape, shape);
  if (migrations.length > held.migrations.length) await applyTenantMigrations(client, name, migrations);
  await keepMigrationsList(client, name);
  return { rows, objects: 0, bytes, leftOut };
}

/** The settings under which a copy was made, with only this schema on the search path. */
export const beAlone = (client: pg.ClientBase, schema: string): Promise<unknown> =>
  client.query(`${exactSettings}; set search_path = ${ident(schema)}`);

/** With the schema would go what lies elsewhere and rests on it: an extension that others use, a view of somebody else's. */
async function refuseShared(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query<{ what: string }>(
    `with recursive falling(classid, objid) as (
       select classid, objid from pg_depend where refclassid = 'pg_namespace'::regclass and refobjid = $1::regnamespace
       union
       -- Each by the index on what others depend on: the catalogue of a store of many tenants is long.
       select d.* from falling f cross join lateral (
         select classid, objid from pg_depend where refclassid = f.classid and refobjid = f.objid offset 0) d)
     select 'the extension ' || extname as what from pg_extension where extnamespace = $1::regnamespace
     union all
     select 'something in the schema ' || elsewhere::regnamespace from falling f cross join lateral (
       select relnamespace as elsewhere from pg_class where f.classid = 'pg_class'::regclass and oid = f.objid
       union all
       select v.relnamespace from pg_rewrite w join pg_class v on v.oid = w.ev_class
       where f.classid = 'pg_rewrite'::regclass and w.oid = f.objid
       union all
       select connamespace from pg_constraint where f.classid = 'pg_constraint'::regclass and oid = f.objid
       union all
       select pronamespace from pg_proc where f.classid = 'pg_proc'::regclass and oid = f.objid
       union all
       select typnamespace from pg_type where f.classid = 'pg_type'::regclass and oid = f.objid offset 0) e
     where elsewhere not in ($1::regnamespace, 'pg_toast'::regnamespace) limit 1`,
    [ident(schema)],
  );
  if (rows[0])
    throw new DomainError(
      'restore_refused',
      `The schema cannot be made anew: ${rows[0].what} rests on what is in it. Move it out of the tenant's schema first.`,
    );
}

const definitionsOf = (held: HeldSchema): Map<string, TableDefinition> =>
  new Map([...held.tables].map(([name, { definition }]) => [name, definition]));

/** Tables and sequences that no migration makes. Returns how many. */
export async function buildMissing(
  client: pg.ClientBase,
  held: HeldSchema,
  there: ReadonlySet<string>,
  isWanted: (table: string) => boolean = () => true,
): Promise<number> {
  const definitions = definitionsOf(held);
  const isMissing = ({ name }: { name: string }) => !there.has(name);
  const sequences = held.sequences.filter(
    (one) => isMissing(one) && !isOfIdentity(one, definitions) && isWanted(one.ownedBy?.table ?? ''),
  );
  for (const sequence of sequences) await buildSequence(client, sequence);
  const tables = inOrder(definitions).filter((table) => isMissing(table) && isWanted(table.name));
  for (const table of tables) {
    await buildTable(client, table, held.sequences);
    for (const { name, kind, is } of table.constraints)
      if (kind === 'c' && table.partitionOf === null) await addConstraint(client, table.name, name, is, true);
  }
  for (const sequence of sequences) await ownSequence(client, sequence);
  return sequences.length + tables.length;
}

/** What a table is part of, or inherits from, comes before it. */
function inOrder(definitions: Map<string, TableDefinition>): TableDefinition[] {
  const ordered = new Set<TableDefinition>();
  const add = (name: string, depth: number): void => {
    const table = definitions.get(name);
    if (!table || ordered.has(table)) return;
    const above = table.partitionOf ? [table.partitionOf.parent] : table.inherits;
    if (depth < definitions.size) for (const parent of above) add(parent, depth + 1);
    ordered.add(table);
  };
  for (const name of definitions.keys()) add(name, 0);
  return [...ordered];
}

async function addConstraint(
  client: pg.ClientBase,
  table: string,
  name: string,
  is: string,
  unlessThere: boolean,
): Promise<void> {
  if (unlessThere) {
    const there = await client.query(`select 1 from pg_constraint where conrelid = $1::regclass and conname = $2`, [
      ident(table),
      name,
    ]);
    if (there.rowCount) return;
  }
  await oneStatement(client, `alter table ${ident(table)} add constraint ${ident(name)} ${is}`);
}

/** Keys and indexes that no migration makes, on whatever table; foreign keys last. Returns how many. */
async function settleKeys(
  client: pg.ClientBase,
  schema: string,
  held: HeldSchema,
  there: ReadonlySet<string>,
): Promise<number> {
  const first: (() => Promise<unknown>)[] = [];
  const later: (() => Promise<unknown>)[] = [];
  for (const { definition } of held.tables.values()) {
    const isThere = ({ name }: { name: string }) => there.has(`${definition.name}\n${name}`);
    for (const constraint of definition.constraints)
      if (!isThere(constraint))
        (constraint.kind === 'f' ? later : first).push(() =>
          addConstraint(client, definition.name, constraint.name, constraint.is, false),
        );
    for (const index of definition.indexes)
      if (!isThere(index)) first.push(() => oneStatement(client, writtenFor(index.is, schema)));
  }
  for (const add of [...first, ...later]) await add();
  return first.length + later.length;
}

/** An identity's sequence may be called otherwise than it was. */
export async function settleSequences(
  client: pg.ClientBase,
  schema: string,
  sequences: readonly SequenceState[],
  { neverBack = false } = {},
): Promise<void> {
  if (sequences.length === 0) return;
  const { rows } = await client.query<{ at: string; found: string | null }>(
    `select at - 1 as at, coalesce(to_regclass(name)::text, case when owner is not null then pg_get_serial_sequence(owner, "column") end) as found
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality as s (name, owner, "column", at)`,
    [
      sequences.map(({ name }) => ident(name)),
      sequences.map(({ ownedBy }) => ownedBy && ident(ownedBy.table)),
      sequences.map(({ ownedBy }) => ownedBy?.column ?? null),
    ],
  );
  const statements = rows.flatMap(({ at, found }) => {
    if (found === null) return [];
    const { lastValue, isCalled } = sequences[Number(at)]!;
    const held = `${pg.escapeLiteral(lastValue)}::bigint`;
    const value = neverBack ? `greatest(s.last_value, ${held})` : held;
    return [`select setval(${pg.escapeLiteral(found)}::regclass, ${value}, ${isCalled}) from ${found} s`];
  });
  if (statements.length > 0) await client.query(statements.join('; '));
}

/** What is not said of the rights and owners of another installation, whose roles are called otherwise. */
const ofRoles = /^(?:owner of|rights on) /;

function differences(was: Map<string, string>, is: Map<string, string>): Restored['leftOut'] {
  const all = [...new Set([...was.keys(), ...is.keys()])].filter((what) => !ofRoles.test(what));
  return all.flatMap((what) => {
    const [before, now] = [was.get(what), is.get(what)];
    if (before === now) return [];
    if (now === undefined) return [{ what, why: 'no migration makes it' }];
    return [{ what, why: before === undefined ? 'the backup did not have it' : 'it was changed by hand' }];
  });
}
