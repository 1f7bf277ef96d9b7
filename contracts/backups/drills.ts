import { z } from 'zod';

const count = z.number().int();

/** `running` · `proven`: what came back was whole and usable · `failed`: it was not, or could not be tried · `cancelled`, by a person. */
export const drillStates = ['running', 'proven', 'failed', 'cancelled'] as const;
export type DrillState = (typeof drillStates)[number];

export const drillCauses = ['schedule', 'asked'] as const;
export type DrillCause = (typeof drillCauses)[number];

/** One of the product's own checks, by the name of its file. */
export const DrillCheckResult = z.object({
  name: z.string(),
  holds: z.boolean(),
  wrongRows: count.nullable().describe('How many rows are wrong; null where it could not be asked'),
  code: z.string().nullable().describe("PostgreSQL's code where it could not be asked"),
  ms: count,
});

/** What was seen of a backup that was restored into a throw-away database. Counts only. */
export const DrillProof = z.object({
  tables: count,
  rows: count,
  bytes: count.describe('Of the tables, as they were copied'),
  digests: count.describe('Tables that were read again and are what the backup says, byte for byte'),
  foreignKeys: count.describe('That hold'),
  migratedForward: count.describe('Tenant migrations that are newer than the backup, applied on top of it'),
  others: z
    .array(z.object({ source: z.string(), parts: count, rows: count, objects: count, bytes: count }))
    .describe('What was read and compared without a place to restore it to: people, files, licences'),
  checks: z.array(DrillCheckResult),
  restoreMs: count,
  usableMs: count.describe('Migrating to the newest version, and the smoke check'),
  readMs: count.describe('Reading what lies in other systems'),
});
export type DrillProof = z.infer<typeof DrillProof>;

export const Drill = z.object({
  id: z.uuid(),
  tenantId: z.uuid(),
  runId: z.uuid(),
  backupId: z.uuid(),
  cause: z.enum(drillCauses),
  state: z.enum(drillStates),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  backupAt: z.iso.datetime().describe('Of this moment is what was restored'),
  rpoSeconds: count.describe('What would have been lost, had the tenant been lost when the drill began'),
  rpoTargetSeconds: count,
  rtoMs: count.nullable().describe('From nothing to usable: restored, migrated, read'),
  rtoTargetMs: count,
  meets: z.object({ rpo: z.boolean(), rto: z.boolean().nullable() }).describe('Whether the plan’s promise was kept'),
  proof: DrillProof.nullable(),
  reason: z.object({ code: z.string(), text: z.string() }).nullable(),
});
export type Drill = z.infer<typeof Drill>;

export const NewDrill = z.strictObject({
  backupId: z.uuid().optional().describe('The newest backup when it is left out'),
});
export type NewDrill = z.infer<typeof NewDrill>;

export const DrillQuery = z.strictObject({
  state: z.enum(drillStates).optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type DrillQuery = z.infer<typeof DrillQuery>;

export const DrillPage = z.object({ items: z.array(Drill), nextCursor: z.string().nullable() });
export type DrillPage = z.infer<typeof DrillPage>;
