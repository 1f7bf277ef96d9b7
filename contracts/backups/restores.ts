import { z } from 'zod';
import { Slug, TenantName } from '../tenants.ts';

/** `in_place`: what the backup holds replaces what is there. `beside`: it becomes a tenant of its own, and the other stays as it is. */
export const restoreModes = ['in_place', 'beside'] as const;
export type RestoreMode = (typeof restoreModes)[number];

/** For how long what a restore in place replaced can be brought back. */
export const restoreWayBackDays = 7;

const names = (most: number) => z.array(z.string().min(1).max(1_000)).min(1).max(most);

/** What is to come back; what is not named stays as it is. */
export const RestoreChoice = z
  .strictObject({
    tables: names(1_000).optional().describe('By their names; each takes along what its rows refer to, or is refused'),
    objects: names(10_000).optional().describe('By their names'),
    people: z.array(z.uuid()).min(1).max(10_000).optional().describe('By their ids, of those who are gone'),
  })
  .refine((choice) => Object.keys(choice).length > 0, 'names nothing');
export type RestoreChoice = z.infer<typeof RestoreChoice>;

export const RestoreQuestion = z.strictObject({
  backupId: z.uuid(),
  mode: z.enum(restoreModes),
  only: RestoreChoice.optional().describe('Everything when it is missing'),
});
export type RestoreQuestion = z.infer<typeof RestoreQuestion>;

export const NewRestore = z.strictObject({
  backupId: z.uuid(),
  only: RestoreChoice.optional().describe('Everything when it is missing'),
  confirm: z.string().max(120).describe("The tenant's address, typed out: what is there is replaced"),
});
export type NewRestore = z.infer<typeof NewRestore>;

export const NewRestoreBeside = z.strictObject({
  backupId: z.uuid(),
  only: RestoreChoice.optional().describe('Everything when it is missing'),
  name: TenantName,
  slug: Slug.optional(),
});
export type NewRestoreBeside = z.infer<typeof NewRestoreBeside>;

const count = z.number().int();

export const RestorePlan = z.object({
  backupId: z.uuid(),
  mode: z.enum(restoreModes),
  at: z.iso.datetime().describe('What comes back is of this moment; in place, what was written since is lost'),
  verified: z.enum(['good', 'bad']).nullable().describe('What came of reading it again; null: nobody has yet'),
  provenAt: z.iso.datetime().nullable(),
  sources: z
    .array(
      z.object({
        source: z.string(),
        rows: count,
        objects: count,
        bytes: count,
        comes: z.enum(['all', 'chosen', 'nothing']),
      }),
    )
    .describe('What it holds of each system, and how much of that comes back'),
  tables: z.array(z.object({ name: z.string(), rows: count })),
  people: z
    .array(z.object({ id: z.uuid(), email: z.string(), name: z.string().nullable(), isThere: z.boolean() }))
    .describe('Who could be chosen, at most five hundred; in place, who is there stays as they are'),
  steps: z.array(
    z.object({ title: z.string(), closes: z.boolean().describe('The tenant is closed from its begin on') }),
  ),
  wayBackDays: count.nullable().describe('For how long it can be taken back; null: by removing the new tenant'),
  problems: z
    .array(z.object({ code: z.string(), text: z.string() }))
    .describe('Why it would be refused now; empty when it would not'),
});
export type RestorePlan = z.infer<typeof RestorePlan>;

export const RestoreStarted = z.object({ runId: z.uuid(), tenantId: z.uuid(), slug: z.string() });

export const Restore = z.object({
  runId: z.uuid(),
  mode: z.enum([...restoreModes, 'refill']).describe('refill: what was lost was made again and filled'),
  tenantId: z.uuid().describe('The tenant that was restored into'),
  backupId: z.uuid(),
  at: z.iso.datetime().nullable(),
  isWhole: z.boolean(),
  state: z.string().describe("Its run's"),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  beforeBackupId: z.uuid().nullable().describe('What was there before it'),
  reverseOf: z.uuid().nullable(),
  wayBackUntil: z.iso.datetime().nullable(),
  outcome: z
    .record(
      z.string(),
      z.object({
        rows: count,
        objects: count,
        bytes: count,
        leftOut: z.array(z.object({ what: z.string(), why: z.string() })),
      }),
    )
    .nullable()
    .describe('By system: what came back, and what did not and why'),
});
export type Restore = z.infer<typeof Restore>;

export const RestorableBackup = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  verified: z.enum(['good', 'bad']).nullable(),
  provenAt: z.iso.datetime().nullable(),
  rows: count,
  objects: count,
  bytes: count,
});
export type RestorableBackup = z.infer<typeof RestorableBackup>;

export const RestoreList = z.object({
  backups: z.array(RestorableBackup).describe('What can be restored, the newest first, at most two hundred'),
  items: z.array(Restore).describe('The newest first, at most fifty'),
});
export type RestoreList = z.infer<typeof RestoreList>;
