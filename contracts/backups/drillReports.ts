import { z } from 'zod';
import { runStates } from '../runStates.ts';
import { backupCauses, backupStates } from './backups.ts';
import { Drill, DrillCheckResult } from './drills.ts';

const count = z.number().int();

/** What the time until a copy can be used is made of. */
export const rtoParts = ['restore', 'read', 'migrate'] as const;
export type RtoPart = (typeof rtoParts)[number];

/** `none`: it was never made · `there` while it is · `removed` with its role · `stuck`: something refuses to let it go, and the run says what. */
export const roomStates = ['none', 'there', 'removed', 'stuck'] as const;
export type RoomState = (typeof roomStates)[number];

/** One drill, with what it restored, everything that was asked of it, and what was left of it. */
export const DrillReport = Drill.extend({
  tenantName: z.string(),
  plan: z.string(),
  backup: z.object({
    id: z.uuid(),
    cause: z.enum(backupCauses),
    state: z.enum(backupStates),
    schemaVersion: count.nullable(),
    rows: count.nullable(),
    objects: count.nullable(),
    bytes: count.nullable().describe('In clear'),
    storedBytes: count.nullable(),
    digest: z.string().nullable().describe('SHA-256 of its signed manifest'),
  }),
  checks: z
    .array(DrillCheckResult)
    .nullable()
    .describe("The product's own checks, also of a drill that they made fail; null where it did not come so far"),
  rtoOf: z
    .array(z.object({ part: z.enum(rtoParts), ms: count }))
    .describe('What the RTO is made of, as far as it came'),
  room: z
    .object({ state: z.enum(roomStates), at: z.iso.datetime().nullable() })
    .describe('The throw-away database that it was restored into'),
});
export type DrillReport = z.infer<typeof DrillReport>;

/**
 * How a tenant's backups stand: `proven` by a drill as young as promised · `waiting` for its first, within its time · `failing`: the last drill did not
 * hold · `stale`: none has held for longer than promised · `never`: none ever did, and the time for it is over · `paused`, by a person ·
 * `off`: its plan wants none.
 */
export const drillStandings = ['proven', 'waiting', 'failing', 'stale', 'never', 'paused', 'off'] as const;
export const DrillStanding = z.enum(drillStandings);
export type DrillStanding = z.infer<typeof DrillStanding>;

export const DrilledTenant = z.object({
  tenantId: z.uuid(),
  name: z.string(),
  plan: z.string(),
  standing: DrillStanding,
  provenAt: z.iso.datetime().nullable(),
  last: z
    .object({
      id: z.uuid(),
      state: Drill.shape.state,
      startedAt: z.iso.datetime(),
      rpoSeconds: count,
      rtoMs: count.nullable(),
      meets: Drill.shape.meets,
      reason: Drill.shape.reason,
    })
    .nullable()
    .describe('Its newest drill'),
});
export type DrilledTenant = z.infer<typeof DrilledTenant>;

export const DrilledQuery = z.strictObject({
  standing: DrillStanding.optional(),
  plan: z.string().max(100).optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type DrilledQuery = z.infer<typeof DrilledQuery>;

export const DrilledPage = z.object({ items: z.array(DrilledTenant), nextCursor: z.string().nullable() });
export type DrilledPage = z.infer<typeof DrilledPage>;

export const NewFleetDrill = z.strictObject({
  plan: z.string().min(1).max(100).optional().describe('All plans when it is left out'),
});
export const FleetDrillStarted = z.object({ runId: z.uuid() });

/** Drills of many tenants by one run. */
export const FleetDrill = z.object({
  runId: z.uuid(),
  plan: z.string().nullable().describe('Null: of all plans'),
  state: z.enum(runStates),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  tenants: z.object({ pending: count, running: count, done: count, failed: count, passed: count }),
});
export type FleetDrill = z.infer<typeof FleetDrill>;

export const PlanDrills = z.object({
  plan: z.string(),
  title: z.string(),
  drillDays: count.nullable().describe('How often each tenant is drilled; null: never by the clock'),
  rpoMinutes: count,
  rtoMinutes: count,
  counts: z.record(DrillStanding, count),
  measured: z
    .object({
      drills: count,
      failed: count,
      rpoMissed: count,
      rtoMissed: count,
      rpoSeconds: count.nullable().describe('At worst'),
      rtoMs: count.nullable().describe('At worst'),
    })
    .describe('By the drills of the last ninety days'),
  latest: FleetDrill.nullable(),
});
export type PlanDrills = z.infer<typeof PlanDrills>;

export const DrillFleet = z.object({
  counts: z.record(DrillStanding, count),
  running: count.describe('Drills that are under way'),
  plans: z.array(PlanDrills),
  latestOfAll: FleetDrill.nullable().describe('The newest run over all plans'),
});
export type DrillFleet = z.infer<typeof DrillFleet>;
