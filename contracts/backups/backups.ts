import { z } from 'zod';
import { runStates } from '../runStates.ts';
import { BackupRules, Paused } from './policies.ts';

/**
 * How a tenant stands: `protected` by a backup as young as promised · `waiting` for its first, within its time · `failing`: the last
 * attempt did not succeed · `stale`: its backup is older than promised · `never`: it has none, and its time is over · `paused`, by a person ·
 * `off`: its plan wants none, or it is not there to be backed up.
 */
export const protections = ['protected', 'waiting', 'failing', 'stale', 'never', 'paused', 'off'] as const;
export const Protection = z.enum(protections);
export type Protection = z.infer<typeof Protection>;

/** What somebody is asked for. */
export const alarms = ['failing', 'stale', 'never'] as const;
export type Alarm = (typeof alarms)[number];

export const backupCauses = ['schedule', 'asked', 'before_restore', 'point_in_time'] as const;
export type BackupCause = (typeof backupCauses)[number];

/** `discarded`: it was not finished, or was taken back; `removing`: it is to go, and goes as soon as the place lets it. */
export const backupStates = ['writing', 'kept', 'discarded', 'removing', 'removed'] as const;
export type BackupState = (typeof backupStates)[number];

const count = z.number().int();

/** What a backup holds of one system. */
export const BackupSource = z.object({
  source: z.string().describe("The provider's kind"),
  at: z.iso.datetime().describe('What it holds is of this moment'),
  parts: count,
  rows: count,
  objects: count,
  bytes: count,
});
export type BackupSource = z.infer<typeof BackupSource>;

export const Backup = z.object({
  id: z.uuid(),
  runId: z.uuid(),
  cause: z.enum(backupCauses),
  state: z.enum(backupStates),
  startedAt: z.iso.datetime(),
  at: z.iso.datetime().nullable().describe('What it holds is of this moment; null while it is written'),
  finishedAt: z.iso.datetime().nullable(),
  skewMs: count.nullable().describe('By how much the moments of its parts differ'),
  fenceMs: count.nullable().describe('For how long writes were held; null when they were not'),
  schemaVersion: count.nullable(),
  sources: z.array(BackupSource),
  rows: count.nullable(),
  objects: count.nullable(),
  bytes: count.nullable().describe('In clear'),
  storedBytes: count.nullable().describe('In the place: packed and sealed'),
  digest: z.string().nullable().describe('SHA-256 of its signed manifest'),
  lockedUntil: z.iso.datetime().nullable().describe('Nobody can remove it before'),
  verified: z
    .object({
      at: z.iso.datetime(),
      as: z.enum(['good', 'bad']),
      code: z.string().nullable(),
      text: z.string().nullable(),
    })
    .nullable()
    .describe('When it was last read again, and what came of it'),
  provenAt: z.iso.datetime().nullable().describe('When it was last restored and found whole'),
  stays: z
    .array(
      z.enum([
        'newest',
        'proven',
        'last',
        'days',
        'daily',
        'weekly',
        'monthly',
        'yearly',
        'locked',
        'way_back',
        'in_use',
        'held',
      ]),
    )
    .describe('Why it is kept; empty: it goes when old backups are cleared next'),
  removed: z
    .object({ at: z.iso.datetime().nullable(), because: z.string(), failure: z.string().nullable() })
    .nullable()
    .describe('Why it goes or went, and what stands in the way'),
  isHeld: z.boolean().describe('Whether a legal hold of its own keeps it, whatever the rules say'),
  may: z.object({ verify: z.boolean(), hold: z.boolean() }),
});
export type Backup = z.infer<typeof Backup>;

export const BackupQuery = z
  .strictObject({
    from: z.iso.datetime().optional().describe('Those that were begun at this time or later'),
    to: z.iso.datetime().optional().describe('Those that were begun before'),
    cursor: z.string().max(500).optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
  })
  .refine(({ from, to }) => !from || !to || Date.parse(from) < Date.parse(to), {
    path: ['to'],
    message: 'must be after from',
  });
export type BackupQuery = z.infer<typeof BackupQuery>;

export const BackupPage = z.object({ items: z.array(Backup), nextCursor: z.string().nullable() });
export type BackupPage = z.infer<typeof BackupPage>;

/** One day (UTC) of a tenant's calendar. */
export const BackupDay = z.object({
  day: z.iso.date(),
  kept: count.describe('Backups of that day that are there'),
  removed: count.describe('That were made and are not kept any more'),
  failed: count.describe('Attempts that did not succeed'),
  proven: z.boolean().describe('Whether one of them was restored and found whole'),
});
export type BackupDay = z.infer<typeof BackupDay>;

const Failure = z.object({ at: z.iso.datetime(), code: z.string(), text: z.string(), times: count });

/** How a tenant is protected, now and over the last weeks. */
export const TenantBackups = z.object({
  tenantId: z.uuid(),
  plan: z.string(),
  protection: Protection,
  lastId: z.uuid().nullable(),
  lastAt: z.iso.datetime().nullable().describe('Of this moment is what could be restored'),
  nextAt: z.iso.datetime().nullable().describe('When it is backed up next'),
  provenAt: z.iso.datetime().nullable().describe('When one of its backups was last restored and found whole'),
  failure: Failure.nullable().describe('Why the last attempt did not succeed, and how many did not in a row'),
  paused: Paused.extend({ of: z.enum(['tenant', 'plan']) }).nullable(),
  isHeld: z.boolean().describe('A legal hold forbids that any of its backups goes'),
  kept: count,
  storedBytes: count,
  openRunId: z.uuid().nullable().describe('A backup that is being made now'),
  rules: BackupRules,
  days: z.array(BackupDay).describe('The last thirteen weeks, the oldest day first'),
  may: z.object({ run: z.boolean() }),
});
export type TenantBackups = z.infer<typeof TenantBackups>;

/** A tenant in the list of all. */
export const ProtectedTenant = z.object({
  tenantId: z.uuid(),
  name: z.string(),
  slug: z.string().nullable(),
  plan: z.string(),
  protection: Protection,
  lastAt: z.iso.datetime().nullable(),
  provenAt: z.iso.datetime().nullable(),
  failure: Failure.nullable(),
  kept: count,
  storedBytes: count,
});
export type ProtectedTenant = z.infer<typeof ProtectedTenant>;

export const ProtectionQuery = z.strictObject({
  protection: Protection.optional(),
  plan: z.string().max(100).optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type ProtectionQuery = z.infer<typeof ProtectionQuery>;

export const ProtectionPage = z.object({ items: z.array(ProtectedTenant), nextCursor: z.string().nullable() });
export type ProtectionPage = z.infer<typeof ProtectionPage>;

/** All tenants of a plan in one run. */
export const FleetBackup = z.object({
  runId: z.uuid(),
  plan: z.string(),
  cause: z.enum(['schedule', 'catch_up', 'asked']),
  state: z.enum(runStates),
  dueAt: z.iso.datetime(),
  closesAt: z.iso.datetime().describe('When the last tenant comes to its turn'),
  finishedAt: z.iso.datetime().nullable(),
  tenants: z.object({ pending: count, running: count, done: count, failed: count, passed: count }),
});
export type FleetBackup = z.infer<typeof FleetBackup>;

export const PlanProtection = z.object({
  plan: z.string(),
  title: z.string(),
  counts: z.record(Protection, count),
  storedBytes: count,
  nextAt: z.iso.datetime().nullable(),
  paused: Paused.nullable(),
  rpoMinutes: count,
  oldestAt: z.iso.datetime().nullable().describe('The oldest of the newest backups: what the plan could lose at worst'),
  latest: FleetBackup.nullable(),
});
export type PlanProtection = z.infer<typeof PlanProtection>;

export const BackupFleet = z.object({
  counts: z.record(Protection, count),
  storedBytes: count,
  plans: z.array(PlanProtection),
});
export type BackupFleet = z.infer<typeof BackupFleet>;

export const FleetBackupStarted = z.object({ runId: z.uuid() });
