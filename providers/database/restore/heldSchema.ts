import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import type { HeldPart } from '#domain/backups/format/manifest.ts';
import { SequenceState, TableDefinition } from '../backup/definitions.ts';
import { appliedTable, type TenantMigration } from '../tenantMigrations.ts';

const AboutSchema = z.strictObject({
  role: z.literal('schema'),
  schemaVersion: z.int().min(0).nullable(),
  migrations: z.array(z.strictObject({ number: z.int(), name: z.string(), checksum: z.string() })),
  sequences: z.array(SequenceState),
  shape: z.array(z.tuple([z.string(), z.string()])),
});
const AboutTable = z.strictObject({ role: z.literal('table'), definition: TableDefinition });

export interface HeldTable {
  part: HeldPart;
  definition: TableDefinition;
}

/** What a backup tells of a schema. */
export interface HeldSchema {
  version: number;
  sequences: SequenceState[];
  /** As `readShape` told it. */
  shape: Map<string, string>;
  /** Tables before their partitions. */
  tables: Map<string, HeldTable>;
  /** Those of ours that it had. */
  migrations: TenantMigration[];
}

/**
 * Reads what the parts say of themselves.
 *
 * @throws `backup_damaged` · `backup_schema_newer` · `backup_schema_unknown`
 */
export function heldSchemaOf(parts: readonly HeldPart[], known: TenantMigration[]): HeldSchema {
  const tables = new Map<string, HeldTable>();
  let schema: z.output<typeof AboutSchema> | null = null;
  for (const part of parts) {
    const about = z.union([AboutSchema, AboutTable]).safeParse(part.about);
    if (!about.success)
      throw new DomainError('backup_damaged', `Part ${part.number} does not say what it is.`, { cause: about.error });
    if (about.data.role === 'schema') schema = about.data;
    else tables.set(about.data.definition.name, { part, definition: about.data.definition });
  }
  if (!schema || !tables.has(appliedTable))
    throw new DomainError('backup_damaged', 'The backup does not say what its schema is.');
  return {
    version: schema.migrations.length,
    sequences: schema.sequences,
    shape: new Map(schema.shape),
    tables,
    migrations: ours(schema.migrations, known),
  };
}

/** The schema is made again by our own migrations: they must be those by which it was made. */
function ours(
  applied: { number: number; name: string; checksum: string }[],
  known: TenantMigration[],
): TenantMigration[] {
  if (applied.length > known.length)
    throw new DomainError(
      'backup_schema_newer',
      `The backup holds tenant migration ${applied.length}, and ${known.length} is the newest that is known here.`,
    );
  return applied.map(({ name, checksum }, at) => {
    const migration = known[at];
    if (migration?.checksum !== checksum)
      throw new DomainError(
        'backup_schema_unknown',
        `The backup's schema was made by a tenant migration ${name} that is not known here, or was edited since.`,
      );
    return migration;
  });
}

/** A foreign key between a table that is chosen and one that is not. */
export interface CutReference {
  table: string;
  refersTo: string;
}

/** What a choice of tables cuts: rows that would refer to rows that are not brought back with them, in both directions. */
export function cutReferences(tables: Iterable<TableDefinition>, chosen: ReadonlySet<string>): CutReference[] {
  return [...tables].flatMap(({ name, constraints }) =>
    constraints.flatMap(({ kind, refersTo }) =>
      kind === 'f' && refersTo !== null && chosen.has(name) !== chosen.has(refersTo) ? [{ table: name, refersTo }] : [],
    ),
  );
}
