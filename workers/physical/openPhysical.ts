import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { listKeys, signerOf } from '#domain/audit/signingKeys.ts';
import { KeyBook } from '#domain/audit/statements.ts';
import { ConfigurationError } from '#domain/configuration.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import type { Platform } from '#domain/platform.ts';
import { lowlevelBackup } from '#providers/physical/lowlevel/lowlevelBackup.ts';
import type { PhysicalBackup } from '#providers/physical/physicalBackup.ts';

/** Backups of the whole server as the configuration chooses them; null where they are off. */
export function openPhysical({ configuration, registry, installation }: Platform): PhysicalBackup | null {
  const { physical, masterKey, backups } = configuration;
  if (physical.kind === 'off') return null;
  if (physical.adminUrl === null)
    throw new ConfigurationError([
      'TENANTRY_PHYSICAL_DATABASE_URL is missing (TENANTRY_PHYSICAL_BACKUP needs it: of a role that may call pg_backup_start)',
    ]);
  return lowlevelBackup({
    ...{ adminUrl: physical.adminUrl, spoolDir: physical.spoolDir, scratchDir: physical.scratchDir, bin: physical.bin },
    // As root, servers run as whoever owns the folder that the log is put into.
    user: process.getuid?.() === 0 ? ownerOf(physical.spoolDir) : {},
    ...{ place: openPlace(backups), masterKey, installationId: installation.id },
    signer: () => signerOf(registry.em.fork(), installation),
    keys: async () => new KeyBook(await listKeys(registry.em.fork())),
  });
}

function ownerOf(path: string): { uid: number; gid: number } {
  const { uid, gid } = statSync(path, { throwIfNoEntry: false }) ?? statSync(dirname(path));
  return { uid, gid };
}
