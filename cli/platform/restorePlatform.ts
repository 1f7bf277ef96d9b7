import { DomainError } from '#contracts/errors.ts';
import { anchorLines } from '#domain/audit/anchors/anchorPlace.ts';
import { restoreLines } from '#domain/backups/platform/filesBeside.ts';
import { endRestoring, loadRegistry, stateOfRegistry } from '#domain/backups/platform/loadRegistry.ts';
import { noteRestored } from '#domain/backups/platform/noteRestored.ts';
import {
  listPlatformBackups,
  openPlatformBackup,
  verifyPlatformBackup,
  type OpenPlatformBackup,
} from '#domain/backups/platform/readPlatformBackup.ts';
import { ConfigurationError, readConfiguration, type Configuration } from '#domain/configuration.ts';
import { openRegistry } from '#domain/database.ts';
import { erasureLines, openErasureLedger } from '#domain/erasure/erasureLedger.ts';
import { mirroredErasures } from '#domain/erasure/erasureMirror.ts';
import { reapplyErasures } from '#domain/erasure/reapplyErasures.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import type { Place } from '#domain/places/place.ts';
import { dataDir as dataDirOf } from '#local/paths.ts';
import { findControlPlane } from '#local/start/folderClaim.ts';
import { withoutEmpty } from '#local/start/startConfiguration.ts';
import { migrate, migrations } from '#migrations/setUp.ts';
import { Unable } from '../exitCodes.ts';
import { keepGivenMasterKey, withTarget } from './restoreTarget.ts';

export interface RestoreOptions {
  from?: string;
  /** As text, in base64. */
  masterKey?: string;
  backupId?: string;
  say(text: string): void;
}

/**
 * Restores the registry and what lies beside it into an empty installation: below the data folder, on the server of DATABASE_URL, or into the
 * database of TENANTRY_MIGRATOR_DATABASE_URL. Nothing is made before all of the backup was read; a restore that was broken off is begun
 * again by the same command, and nothing starts on it meanwhile. Throws {@link Unable}, and refuses as reading and loading do.
 *
 * @returns false when a line of the erasure ledger could not be believed
 */
export async function restorePlatform({ from, masterKey, backupId, say }: RestoreOptions): Promise<boolean> {
  const env = withoutEmpty(process.env);
  const dataDir = dataDirOf(env);
  const configuration = settings(env, masterKey);
  const place = openPlace({ place: from ?? configuration.backups.place });
  const running = await findControlPlane(dataDir);
  if (running) throw new Unable(`Tenantry runs in ${dataDir} (process ${running.pid}). Stop it first.`);

  const id = backupId ?? (await newestIn(place));
  const { at, tables, installation } = await verifyPlatformBackup(place, id, configuration.masterKey);
  say(`backup ${id} of ${at} is whole: ${tables.length} tables of the installation ${installation}`);
  const backup = await openPlatformBackup(place, id, configuration.masterKey);
  refuseNewer(backup);

  const unproven = await withTarget(env, dataDir, async (migratorUrl) => {
    await fill(migratorUrl, backup, say);
    await migrate({ migratorUrl });
    await restoreBeside(configuration, backup, place);
    const left = await settle(migratorUrl, configuration, backup, say);
    await endRestoring(migratorUrl);
    return left;
  });
  const keyFile = await keepGivenMasterKey(env, dataDir, masterKey);
  if (keyFile) say(`the master key lies in ${keyFile}`);
  say(
    'Where the data stores are lost too: start Tenantry, and fill them again by the page Settings → Control plane’s backups, or by `tenantry restore tenants`.',
  );
  say(
    'Removals of orphans are locked. Start Tenantry, run Sweep now, and unlock once the registry has been compared with reality.',
  );
  return unproven.length === 0;
}

/** With the settings that the installation will have; where its registry is, is found out later. */
function settings(env: NodeJS.ProcessEnv, masterKey: string | undefined): Configuration {
  try {
    return readConfiguration({
      ...env,
      TENANTRY_APP_DATABASE_URL: env['TENANTRY_APP_DATABASE_URL'] ?? 'postgres://not-known-yet',
      ...(masterKey === undefined ? {} : { TENANTRY_MASTER_KEY: masterKey, TENANTRY_MASTER_KEY_FILE: '' }),
    });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new Unable(`${error.message}\nName the file with the key that was kept by --master-key.`, { cause: error });
  }
}

async function newestIn(place: Place): Promise<string> {
  const [newest, ...others] = await listPlatformBackups(place);
  if (!newest)
    throw new Unable(`There is no backup of a control plane in ${place.name}. Name another place by --from.`);
  if (others.some(({ installation }) => installation !== newest.installation))
    throw new Unable(
      'Backups of several installations lie there. Choose one by --backup; `tenantry backup list` names them.',
    );
  return newest.backup;
}

function refuseNewer({ manifest }: OpenPlatformBackup): void {
  const unknown = manifest.migrations.filter((name) => !migrations.some((known) => known.name === name));
  if (unknown.length === 0) return;
  throw new DomainError(
    'backup_schema_newer',
    `The backup was written by a newer version of Tenantry (${unknown.at(-1)}). Restore it with that version.`,
  );
}

async function fill(migratorUrl: string, backup: OpenPlatformBackup, say: (text: string) => void): Promise<void> {
  const state = await stateOfRegistry(migratorUrl);
  if (state.kind === 'used')
    throw new DomainError(
      'registry_not_empty',
      'This registry belongs to an installation already. Restore into an empty one: another data folder or another database.',
    );
  if (state.kind === 'restoring') {
    if (state.backupId !== backup.manifest.backup)
      throw new Unable(`This registry was being restored from the backup ${state.backupId}: name it by --backup.`);
    return say('the registry was restored before this was broken off; going on from there');
  }
  const beyond = state.migrations.filter((name) => !backup.manifest.migrations.includes(name));
  if (beyond.length > 0)
    throw new Unable(
      `This registry is empty and of a newer version than the backup (${beyond.at(-1)}).\n` +
        'Drop the database, in which nothing is, and run this again: it is made as it was, filled, and brought to this version.',
    );
  await migrate({ migratorUrl, only: backup.manifest.migrations });
  const count = await loadRegistry(migratorUrl, backup);
  say(`restored ${count} rows; every reference between them was checked`);
}

/** What is kept apart may have outlived what was lost: then only what it lacks is written. */
async function restoreBeside(
  { erasure, audit }: Configuration,
  { manifest, read }: OpenPlatformBackup,
  place: Place,
): Promise<void> {
  const partOf = (name: string) => manifest.files.find((file) => file.name === name);
  const [erasures, anchors] = [partOf('erasures'), partOf('anchors')];
  if (erasures) await restoreLines(erasure.ledger, erasureLines, read(erasures));
  await restoreLines(erasure.ledger, erasureLines, mirroredErasures(place));
  if (anchors) await restoreLines(audit.anchor, anchorLines, read(anchors));
}

/** @returns the numbers of lines of the erasure ledger that could not be believed */
async function settle(
  migratorUrl: string,
  configuration: Configuration,
  { manifest }: OpenPlatformBackup,
  say: (text: string) => void,
): Promise<number[]> {
  const registry = await openRegistry(migratorUrl, { poolSize: 2 });
  try {
    const em = () => registry.em.fork();
    const ledger = openErasureLedger(configuration);
    const { erased, unproven } = await reapplyErasures(em, { id: manifest.installation }, ledger);
    if (erased > 0) say(`${erased} tenants were erased after the backup: they were forgotten again`);
    if (unproven.length > 0)
      say(
        `✖ lines ${unproven.join(', ')} of the erasure ledger are signed by no key that the backup knows: look at them`,
      );
    const { tenants, openRuns } = await noteRestored(em(), manifest);
    say(`${tenants} tenants are known again, as of ${manifest.at}`);
    if (openRuns > 0)
      say(`${openRuns} runs were under way: confirm the Temporal cluster on the page Findings, and they go on`);
    return unproven;
  } finally {
    await registry.close(true);
  }
}
