import { resolve } from 'node:path';
import { z } from 'zod';
import { timeOfDay, type TimeOfDay } from './timeOfDay.ts';

export const backupVariables = {
  TENANTRY_BACKUP_PLACE: z.string().min(1).optional(),
  TENANTRY_ARRIVALS_PLACE: z.string().min(1).optional(),
  TENANTRY_BACKUP_LOCK_DAYS: z.coerce.number().int().min(0).max(3_650).default(0),
  TENANTRY_PLATFORM_BACKUP_AT: timeOfDay.prefault('01:17'),
  TENANTRY_PLATFORM_BACKUPS_KEPT: z.coerce.number().int().min(1).max(1_000).default(14),
  TENANTRY_BACKUPS_AT_ONCE: z.coerce.number().int().min(1).max(100).default(4),
  TENANTRY_DRILLS_AT_ONCE: z.coerce.number().int().min(1).max(50).default(2),
  TENANTRY_BACKUPS_REREAD_DAYS: z.coerce.number().int().min(0).max(3_650).default(30),
};
type Variables = z.output<z.ZodObject<typeof backupVariables>>;

export interface BackupSettings {
  /** Where backups are kept: a folder, or s3://bucket/prefix. */
  place: string;
  /** Where backups of other installations lie, to be read only. */
  arrivals: string;
  /** For how many days a bucket with object lock lets nobody change or remove a backup; 0 for not at all. */
  lockDays: number;
  /** When the control plane itself is backed up every day, in UTC; null for never. */
  platformAt: TimeOfDay | null;
  /** How many backups of the control plane are kept, the newest. */
  platformKept: number;
  /** How many tenants of a plan are copied side by side. */
  atOnce: number;
  /** How many backups are proven side by side, by the clock and by runs over many tenants. */
  drillsAtOnce: number;
  /** How long a kept backup stays unread before all of it is read again; 0 for as long as nobody asks. */
  rereadDays: number;
}

export function backupsOf(e: Variables, dataDir: string): BackupSettings {
  const placeOf = (given: string): string => (given.startsWith('s3://') ? given : resolve(given));
  return {
    place: placeOf(e.TENANTRY_BACKUP_PLACE ?? `${dataDir}/backups`),
    arrivals: placeOf(e.TENANTRY_ARRIVALS_PLACE ?? `${dataDir}/arrivals`),
    lockDays: e.TENANTRY_BACKUP_LOCK_DAYS,
    platformAt: e.TENANTRY_PLATFORM_BACKUP_AT,
    platformKept: e.TENANTRY_PLATFORM_BACKUPS_KEPT,
    atOnce: e.TENANTRY_BACKUPS_AT_ONCE,
    drillsAtOnce: e.TENANTRY_DRILLS_AT_ONCE,
    rereadDays: e.TENANTRY_BACKUPS_REREAD_DAYS,
  };
}
