import { z } from 'zod';

export const driftStates = ['open', 'repaired', 'accepted', 'gone'] as const;
export const DriftState = z.enum(driftStates);
export type DriftState = z.infer<typeof DriftState>;

/** What a repair can do: mend without loss, make again what is lost (empty), or nothing. */
export const RepairKind = z.enum(['mend', 'remake', 'none']);
export type RepairKind = z.infer<typeof RepairKind>;

export const DriftFinding = z.object({
  id: z.uuid(),
  tenantId: z.uuid(),
  tenant: z.object({ name: z.string(), slug: z.string().nullable(), plan: z.string() }),
  resourceId: z.uuid(),
  resource: z.string().describe('What people call the resource: "Database"'),
  what: z.string(),
  expected: z.string(),
  found: z.string(),
  repair: RepairKind,
  ghost: z.boolean().describe('Whether the resource itself is not there'),
  state: DriftState,
  firstSeenAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  accepted: z.object({ reason: z.string(), until: z.iso.datetime(), by: z.string().nullable() }).nullable(),
  repairRunId: z.uuid().nullable(),
  repairReason: z.string().nullable().describe('Why a repair did not bring it back'),
});
export type DriftFinding = z.infer<typeof DriftFinding>;

const asBoolean = z.enum(['true', 'false']).transform((word) => word === 'true');

export const DriftQuery = z.strictObject({
  state: DriftState.optional(),
  tenantId: z.uuid().optional(),
  ghost: asBoolean.optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const DriftPage = z.object({
  items: z.array(DriftFinding),
  nextCursor: z.string().nullable(),
  openCount: z.number().int().describe('Of the tenant that was asked for, else of all'),
});
export type DriftPage = z.infer<typeof DriftPage>;

export const NewDriftCheck = z.strictObject({
  tenantId: z.uuid().toLowerCase().optional().describe('All tenants when it is left out'),
});

const longestAcceptanceMs = 366 * 24 * 60 * 60 * 1000;

/** An ignore entry: why, and until when. */
export const Acceptance = z.strictObject({
  reason: z.string().trim().min(1).max(500),
  until: z.iso
    .datetime({ offset: true })
    .refine((until) => Date.parse(until) > Date.now(), 'must be in the future')
    .refine((until) => Date.parse(until) < Date.now() + longestAcceptanceMs, 'must be within a year'),
});
export type Acceptance = z.infer<typeof Acceptance>;

export const PlatformRunStarted = z.object({ runId: z.uuid() });
