import { hkdfSync } from 'node:crypto';
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Part = z.object({ key: z.string(), bytes: z.number().int(), sha256 });

/**
 * What a backup of the control plane holds. It is written last, so a backup without one is none; it is sealed by a key that comes from the
 * master key, so whoever writes one has that key.
 */
export const PlatformManifest = z.object({
  v: z.literal(1),
  kind: z.literal('platform-backup'),
  installation: z.uuid(),
  backup: z.uuid(),
  /** The registry is as it was at this moment, by its own clock. */
  at: z.iso.datetime(),
  masterKeyId: z.string(),
  /** The major version of the PostgreSQL that it came from. */
  postgres: z.number().int(),
  /** The migrations that the registry had, in their order. */
  migrations: z.array(z.string()),
  tables: z.array(Part.extend({ name: z.string(), columns: z.array(z.string()), rows: z.number().int() })),
  /** What lies beside the registry and would be missed: lines that are kept apart from it, settings, passwords of the roles. */
  files: z.array(Part.extend({ name: z.string() })),
});
export type PlatformManifest = z.infer<typeof PlatformManifest>;

/** What may be read without a key: which installation, when, and by which master key it is sealed. Nothing is believed of it. */
export const PlatformLabel = z.object({
  v: z.literal(1),
  installation: z.uuid(),
  backup: z.uuid(),
  at: z.iso.datetime(),
  masterKeyId: z.string(),
});
export type PlatformLabel = z.infer<typeof PlatformLabel>;

export const platformFolder = 'platform';
export const folderOf = (backupId: string): string => `${platformFolder}/${backupId}`;
export const manifestOf = (backupId: string): string => `${folderOf(backupId)}/manifest`;
export const labelOf = (backupId: string): string => `${folderOf(backupId)}/label.json`;
export const partOf = (backupId: string, number: number): string =>
  `${folderOf(backupId)}/parts/${String(number).padStart(4, '0')}`;

/** With the place and the master key alone everything has to come back: the registry's own keys are in what is sealed. */
export const sealingKeyOf = (masterKey: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), 'tenantry/platform-backup', 32));

export const contextOf = (backupId: string, key: string): string => `platform-backup/${backupId}/${key}`;
