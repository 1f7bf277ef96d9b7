import { z } from 'zod';

/** `written`: all of it lies in the place. `proven`: all of it was read again, and is what was written. */
export const platformBackupStates = ['writing', 'written', 'proven', 'failed', 'removed'] as const;
export type PlatformBackupState = (typeof platformBackupStates)[number];

export const PlatformBackup = z.object({
  id: z.uuid(),
  runId: z.uuid().nullable().describe('Null when it was written by the command'),
  state: z.enum(platformBackupStates),
  at: z.iso
    .datetime()
    .nullable()
    .describe('The registry is in it as it was at this moment; null before it was written'),
  tables: z.number().int().nullable(),
  rows: z.number().int().nullable(),
  bytes: z.number().int().nullable().describe('As they lie in the place'),
  createdAt: z.iso.datetime(),
  provenAt: z.iso.datetime().nullable(),
});
export type PlatformBackup = z.infer<typeof PlatformBackup>;

export const PlatformBackupList = z.object({
  place: z.string().describe('The folder or bucket where they lie'),
  isBesideTheData: z.boolean().describe('They lie on the disk that they are to replace'),
  at: z.string().nullable().describe('HH:MM of each day, in UTC; null: never'),
  kept: z.number().int().describe('How many are kept, the newest'),
  items: z.array(PlatformBackup).describe('The newest first, without those that were removed'),
});
export type PlatformBackupList = z.infer<typeof PlatformBackupList>;
