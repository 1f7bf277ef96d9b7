import { z } from 'zod';

const minutesOfDay = 24 * 60;
const days = z.number().int().min(0).max(3_650);

/** What fits into a day without a rest, so that windows open at the same times of every day. */
export const backupRhythms = [1, 2, 3, 4, 6, 8, 12, 24] as const;

export const BackupKeep = z.strictObject({
  last: z.number().int().min(1).max(1_000).describe('The newest so many, whatever their age'),
  days: days.describe('Everything that is younger'),
  daily: z.number().int().min(0).max(3_650).describe('The newest of each of the last so many days that have one'),
  weekly: z.number().int().min(0).max(520).describe('The same of weeks, which begin on Monday'),
  monthly: z.number().int().min(0).max(240).describe('The same of months'),
  yearly: z.number().int().min(0).max(50).describe('The same of years'),
});
export type BackupKeep = z.infer<typeof BackupKeep>;

/** What a plan promises of its tenants' backups. Times of day and the calendar are UTC. */
export const BackupRules = z
  .strictObject({
    enabled: z.boolean().describe('Whether tenants of the plan are backed up by the clock'),
    everyHours: z
      .number()
      .int()
      .refine(
        (hours) => (backupRhythms as readonly number[]).includes(hours),
        `must be one of ${backupRhythms.join(', ')}`,
      )
      .describe('How often a window opens'),
    at: z
      .string()
      .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 01:30')
      .describe('When the first window of the day opens'),
    windowMinutes: z.number().int().min(1).max(minutesOfDay).describe('Over how long the tenants are spread'),
    rpoMinutes: z.number().int().min(1).max(525_600).describe('How much may be lost at most: no backup may be older'),
    rtoMinutes: z.number().int().min(1).max(525_600).describe('How long a restore may take'),
    fence: z
      .boolean()
      .describe('Whether writes are held for the moment in which the copy is made, so that it is one point'),
    keep: BackupKeep,
    lockDays: days.describe(
      'For how many days nobody can remove a backup where the bucket has object lock; 0: no lock',
    ),
    drillDays: z.number().int().min(1).max(365).nullable().describe('How often a restore is tried; null: never'),
  })
  .superRefine(({ everyHours, windowMinutes, rpoMinutes }, check) => {
    if (windowMinutes > everyHours * 60)
      check.addIssue({
        code: 'custom',
        path: ['windowMinutes'],
        message: 'must not be longer than the time to the next window',
      });
    if (rpoMinutes < everyHours * 60)
      check.addIssue({
        code: 'custom',
        path: ['rpoMinutes'],
        message: 'must not be shorter than the time between two backups',
      });
  });
export type BackupRules = z.infer<typeof BackupRules>;

/** What a plan promises until somebody says otherwise. */
export const usualBackupRules: BackupRules = {
  enabled: true,
  everyHours: 24,
  at: '01:00',
  windowMinutes: 180,
  rpoMinutes: 28 * 60,
  rtoMinutes: 4 * 60,
  fence: false,
  keep: { last: 3, days: 7, daily: 14, weekly: 8, monthly: 12, yearly: 0 },
  lockDays: 0,
  drillDays: 30,
};

export const BackupPause = z.strictObject({
  reason: z.string().trim().min(1).max(200).describe('Shown to everyone who may see it'),
});

/** Who paused it, when and why. */
export const Paused = z.object({ at: z.iso.datetime(), by: z.string().nullable(), reason: z.string() });
export type Paused = z.infer<typeof Paused>;

export const BackupPolicy = z.object({
  plan: z.string(),
  title: z.string(),
  version: z.number().int(),
  rules: BackupRules,
  nextAt: z.iso.datetime().nullable().describe('When its next window opens; null: never'),
  paused: Paused.nullable(),
  updatedAt: z.iso.datetime(),
});
export type BackupPolicy = z.infer<typeof BackupPolicy>;

export const BackupPolicyList = z.object({ items: z.array(BackupPolicy) });

export const BackupPolicyChange = z.strictObject({
  rules: BackupRules,
  expectedVersion: z.number().int().min(1).describe('The version that was changed'),
});
export type BackupPolicyChange = z.infer<typeof BackupPolicyChange>;
