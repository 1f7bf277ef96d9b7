import { z } from 'zod';

export const OrphanState = z.enum(['open', 'accepted', 'removed', 'gone']);
export type OrphanState = z.infer<typeof OrphanState>;

/** What the registry says of the thing, which makes it an orphan. */
export const orphanReasons = ['removed', 'unmarked', 'unknown_resource', 'unknown_run', 'unknown_store'] as const;
export const OrphanReason = z.enum(orphanReasons);
export type OrphanReason = z.infer<typeof OrphanReason>;

export const OrphanFinding = z.object({
  id: z.uuid(),
  what: z.string().describe('"Schema", "Login role", "Storage bucket", …'),
  provider: z.string(),
  externalId: z.string(),
  why: OrphanReason,
  tenantId: z.uuid().nullable().describe('As its tag says; the registry may not know it'),
  tenantName: z.string().nullable(),
  state: OrphanState,
  firstSeenAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  accepted: z.object({ reason: z.string(), until: z.iso.datetime(), by: z.string().nullable() }).nullable(),
  removalRunId: z.uuid().nullable(),
  removalReason: z.string().nullable().describe('Why a removal did not remove it'),
});
export type OrphanFinding = z.infer<typeof OrphanFinding>;

export const OrphanQuery = z.strictObject({
  state: OrphanState.optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const SweepLock = z.object({ at: z.iso.datetime(), reason: z.string() });

export const OrphanPage = z.object({
  items: z.array(OrphanFinding),
  nextCursor: z.string().nullable(),
  openCount: z.number().int(),
  lock: SweepLock.nullable().describe('Why nothing may be removed, until a person has reconciled'),
});
export type OrphanPage = z.infer<typeof OrphanPage>;

export const Reconciliation = z.strictObject({
  reason: z.string().trim().min(1).max(500).describe('What was found out and done'),
});
