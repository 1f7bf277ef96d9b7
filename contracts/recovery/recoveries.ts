import { z } from 'zod';
import { Slug, TenantName } from '../tenants.ts';

/** `copy`: a backup of that moment and nothing more; `beside`, `in_place`: the backup is restored at once, as any other. */
export const recoveryModes = ['copy', 'beside', 'in_place'] as const;
export type RecoveryMode = (typeof recoveryModes)[number];

/** What a server holds nothing of: it is not of the chosen moment. */
export const leftOutOfRecoveries = ['storage', 'license'] as const;

const Moment = z.iso
  .datetime('must be a time in UTC like 2027-02-28T12:00:00Z')
  .describe('Everything that was committed before it comes back, and nothing later');
const time = z.iso.datetime();
const count = z.number().int();

export const MomentQuestion = z.strictObject({ at: Moment, mode: z.enum(recoveryModes) });
export type MomentQuestion = z.infer<typeof MomentQuestion>;

export const NewMomentCopy = z.strictObject({ at: Moment });
export type NewMomentCopy = z.infer<typeof NewMomentCopy>;

export const NewRecovery = z.strictObject({
  at: Moment,
  confirm: z.string().max(120).describe("The tenant's address, typed out: what is there is replaced"),
});
export type NewRecovery = z.infer<typeof NewRecovery>;

export const NewRecoveryBeside = z.strictObject({ at: Moment, name: TenantName, slug: Slug.optional() });
export type NewRecoveryBeside = z.infer<typeof NewRecoveryBeside>;

/** What can be reached from one base backup. */
export const ReachedWindow = z.object({
  baseId: z.uuid(),
  from: time,
  until: time,
  gap: z.string().nullable().describe('The first file of the log that is missing behind it; null: it goes on'),
});
export type ReachedWindow = z.infer<typeof ReachedWindow>;

export const Reach = z.object({
  kind: z.enum(['off', 'lowlevel', 'pgbackrest']).describe('By what the whole server is backed up'),
  from: time.nullable().describe('The earliest moment; null while nothing can be brought back'),
  until: time
    .nullable()
    .describe('The latest moment. Of a server that lives it is now: it is asked for its newest log'),
  archivedUntil: time.nullable().describe('What could be brought back if the server were lost now'),
  checkedAt: time.nullable(),
  failing: z.string().nullable().describe('Why the server does not hand over its log'),
  windows: z.array(ReachedWindow).describe('The oldest first; between them nothing can be brought back'),
});
export type Reach = z.infer<typeof Reach>;

export const RecoveryPlan = z.object({
  at: time,
  mode: z.enum(recoveryModes),
  base: z
    .object({ id: z.uuid(), at: time, bytes: count })
    .nullable()
    .describe('The base backup that leads there; null: none does'),
  leftOut: z.array(z.enum(leftOutOfRecoveries)).describe('What is not of that moment: no server holds it'),
  lostSince: time.describe('In place, what was written from here on is replaced'),
  steps: z.array(z.object({ title: z.string(), closes: z.boolean() })),
  wayBackDays: count.nullable().describe('For how long it can be taken back; null: nothing is replaced'),
  problems: z.array(z.object({ code: z.string(), text: z.string() })).describe('Why it would be refused now'),
});
export type RecoveryPlan = z.infer<typeof RecoveryPlan>;

export const RecoveryStarted = z.object({ runId: z.uuid(), tenantId: z.uuid(), slug: z.string() });

export const Recovery = z.object({
  runId: z.uuid(),
  tenantId: z.uuid(),
  tenant: z.string().nullable().describe('Its name'),
  at: time,
  mode: z.enum(recoveryModes),
  state: z.string().describe("Its run's"),
  reason: z.object({ code: z.string(), text: z.string() }).nullable(),
  startedAt: time,
  finishedAt: time.nullable(),
  bytes: count.nullable().describe('Of the whole server, to be brought back'),
  broughtBack: count.describe('Of these so far'),
  reachedAt: time.nullable().describe('The last transaction that came back; null: none, or not there yet'),
  proof: z.object({ files: count, databases: count, indexes: count, seconds: z.number() }).nullable(),
  backupId: z.uuid().nullable().describe('What was copied of the tenant'),
  restore: z
    .object({ runId: z.uuid(), tenantId: z.uuid(), state: z.string() })
    .nullable()
    .describe('The run that brings the copy into a tenant'),
});
export type Recovery = z.infer<typeof Recovery>;

export const BaseBackupView = z.object({
  id: z.uuid(),
  state: z.enum(['writing', 'proven', 'failed']),
  reachesFrom: time.nullable(),
  createdAt: time,
  provenAt: time.nullable().describe('When all of it was read again'),
  files: count.nullable(),
  bytes: count.nullable().describe('In clear'),
  storedBytes: count.nullable().describe('As they lie in the place'),
});
export type BaseBackupView = z.infer<typeof BaseBackupView>;

export const RecoveryState = z.object({
  reach: Reach,
  baseAt: z.string().nullable().describe('HH:MM of each day, in UTC; null: never'),
  basesKept: count,
  segments: count,
  archiveBytes: count.describe('The log, as it lies in the place'),
  waiting: count.describe('Files of the log that nobody has taken yet'),
  bases: z.array(BaseBackupView).describe('The newest first'),
  items: z.array(Recovery).describe('The newest first, at most fifty'),
});
export type RecoveryState = z.infer<typeof RecoveryState>;

export const RecoveryList = z.object({
  reach: Reach,
  items: z.array(Recovery).describe('The newest first, at most fifty'),
});
export type RecoveryList = z.infer<typeof RecoveryList>;
