import { resolve } from 'node:path';
import { z } from 'zod';
import { timeOfDay, type TimeOfDay } from './timeOfDay.ts';

export const physicalVariables = {
  TENANTRY_PHYSICAL_BACKUP: z.enum(['off', 'lowlevel', 'pgbackrest']).default('off'),
  TENANTRY_PHYSICAL_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
    .optional(),
  TENANTRY_WAL_SPOOL: z.string().min(1).optional(),
  TENANTRY_SCRATCH_DIR: z.string().min(1).optional(),
  TENANTRY_POSTGRES_BIN: z.string().min(1).optional(),
  TENANTRY_PGBACKREST: z.string().min(1).optional(),
  TENANTRY_PGBACKREST_STANZA: z
    .string()
    .regex(/^[\w.-]+$/, 'must be the name of a stanza')
    .optional(),
  TENANTRY_PGBACKREST_CONFIG: z.string().min(1).optional(),
  TENANTRY_BASE_BACKUP_AT: timeOfDay.prefault('00:47'),
  TENANTRY_BASE_BACKUPS_KEPT: z.coerce.number().int().min(1).max(100).default(2),
};
type Variables = z.output<z.ZodObject<typeof physicalVariables>>;

export interface PhysicalSettings {
  /** By what the whole server is backed up, so that any second can be brought back. */
  kind: 'off' | 'lowlevel' | 'pgbackrest';
  /** Of a role that may begin a backup; null where it is off. */
  adminUrl: string | null;
  /** Where the server's archive_command puts its log. */
  spoolDir: string;
  /** Where servers are brought up for a while. */
  scratchDir: string;
  /** The folder with `postgres`, `pg_ctl` and `initdb`. */
  bin: string;
  /** The stanza is null where none is named. */
  pgbackrest: { program: string; stanza: string | null; configFile: string | null };
  /** When every day, in UTC; null for never. */
  baseAt: TimeOfDay | null;
  /** How many base backups are kept, the newest, and the log since the oldest of them. */
  basesKept: number;
}

export function physicalOf(e: Variables, dataDir: string): PhysicalSettings {
  return {
    kind: e.TENANTRY_PHYSICAL_BACKUP,
    adminUrl: e.TENANTRY_PHYSICAL_DATABASE_URL ?? null,
    spoolDir: resolve(e.TENANTRY_WAL_SPOOL ?? `${dataDir}/postgres/wal-spool`),
    scratchDir: resolve(e.TENANTRY_SCRATCH_DIR ?? `${dataDir}/postgres/scratch`),
    bin: e.TENANTRY_POSTGRES_BIN ?? '/usr/bin',
    pgbackrest: {
      program: e.TENANTRY_PGBACKREST ?? 'pgbackrest',
      stanza: e.TENANTRY_PGBACKREST_STANZA ?? null,
      configFile: e.TENANTRY_PGBACKREST_CONFIG ? resolve(e.TENANTRY_PGBACKREST_CONFIG) : null,
    },
    baseAt: e.TENANTRY_BASE_BACKUP_AT,
    basesKept: e.TENANTRY_BASE_BACKUPS_KEPT,
  };
}
