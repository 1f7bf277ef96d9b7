import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { listKeys, signerOf } from '#domain/audit/signingKeys.ts';
import { KeyBook } from '#domain/audit/statements.ts';
import { ConfigurationError } from '#domain/configuration.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import type { Platform } from '#domain/platform.ts';
import { lowlevelBackup } from '#providers/physical/lowlevel/lowlevelBackup.ts';
import { pgbackrestBackup } from '#providers/physical/pgbackrest/pgbackrestBackup.ts';
import type { PhysicalBackup } from '#providers/physical/physicalBackup.ts';
import type { ServerUser } from '#providers/physical/server/serverUser.ts';

/** Backups of the whole server as the configuration chooses them; null where they are off. */
export function openPhysical(platform: Platform): PhysicalBackup | null {
  const { kind, adminUrl } = platform.configuration.physical;
  if (kind === 'off') return null;
  if (adminUrl === null)
    throw new ConfigurationError([
      'TENANTRY_PHYSICAL_DATABASE_URL is missing (TENANTRY_PHYSICAL_BACKUP needs it: of a role that may call pg_backup_start)',
    ]);
  return kind === 'lowlevel' ? openLowlevel(platform) : openPgbackrest(platform);
}

function openLowlevel({ configuration, registry, installation }: Platform): PhysicalBackup {
  const { physical, masterKey, backups } = configuration;
  const { adminUrl, spoolDir, scratchDir, bin } = physical;
  return lowlevelBackup({
    ...{ adminUrl, spoolDir, scratchDir, bin },
    // As root, servers run as whoever owns the folder that the log is put into.
    user: process.getuid?.() === 0 ? ownerOf(spoolDir) : {},
    ...{ place: openPlace(backups), masterKey, installationId: installation.id },
    signer: () => signerOf(registry.em.fork(), installation),
    keys: async () => new KeyBook(await listKeys(registry.em.fork())),
  });
}

function openPgbackrest({ configuration }: Platform): PhysicalBackup {
  const { adminUrl, scratchDir, bin, pgbackrest } = configuration.physical;
  const { stanza } = pgbackrest;
  const user: ServerUser = process.getuid?.() === 0 ? ownerOf(scratchDir) : {};
  const problems = [
    ...(stanza === null
      ? ['TENANTRY_PGBACKREST_STANZA is missing (TENANTRY_PHYSICAL_BACKUP=pgbackrest needs it)']
      : []),
    ...(user.uid === 0
      ? ['TENANTRY_SCRATCH_DIR has to belong to the user of the PostgreSQL server, by whom pgBackRest is called']
      : []),
  ];
  if (stanza === null || problems.length > 0) throw new ConfigurationError(problems);
  return pgbackrestBackup({ ...pgbackrest, stanza, adminUrl, scratchDir, bin, user });
}

function ownerOf(path: string): { uid: number; gid: number } {
  const { uid, gid } = statSync(path, { throwIfNoEntry: false }) ?? statSync(dirname(path));
  return { uid, gid };
}
