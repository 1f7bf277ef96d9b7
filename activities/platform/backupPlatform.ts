import { Context } from '@temporalio/activity';
import type { RunState } from '#contracts/runStates.ts';
import type { PlatformRef, Reason } from '#contracts/workflowInputs.ts';
import { filesBeside } from '#domain/backups/platform/filesBeside.ts';
import {
  beginPlatformBackup,
  closePlatformBackup,
  markPlatformBackupRemoved,
  notePlatformBackupProven,
  notePlatformBackupWritten,
  outdatedPlatformBackups,
  writtenOf,
} from '#domain/backups/platform/platformBackups.ts';
import { deletePlatformBackup, verifyPlatformBackup } from '#domain/backups/platform/readPlatformBackup.ts';
import { writePlatformBackup } from '#domain/backups/platform/writePlatformBackup.ts';
import { FileLocked } from '#domain/places/place.ts';
import { refuseSupersededKey } from '#domain/secrets/masterKeyRotation.ts';
import { countPlatformBackup } from '#observability/backups/platformBackupMetrics.ts';
import type { Deps } from '../deps.ts';

/** `platformBackup.*`: the control plane's own backup. Each may be repeated. */
export const backupPlatformActivities = (deps: Pick<Deps, 'ledger' | 'registry' | 'configuration' | 'backupPlace'>) => {
  const { ledger, registry, configuration, backupPlace: place } = deps;
  const { masterKey, backups } = configuration;
  const em = () => registry.em.fork();

  return {
    /** Once: an attempt whose answer was lost finds what it wrote. */
    async 'platformBackup.write'(ref: PlatformRef): Promise<void> {
      if (await writtenOf(em(), ref.runId)) return;
      await refuseSupersededKey(em(), masterKey); // whoever restores looks for the key that is in force
      const startedAt = performance.now();
      const backupId = await beginPlatformBackup(ledger, ref);
      const source = {
        registryUrl: configuration.readerDatabaseUrl ?? configuration.appDatabaseUrl,
        masterKey,
        files: () => filesBeside(configuration),
      };
      const written = await writePlatformBackup(place, source, backupId, Context.current().cancellationSignal);
      await notePlatformBackupWritten(ledger, ref, backupId, written);
      countPlatformBackup('written', { bytes: written.bytes, seconds: (performance.now() - startedAt) / 1_000 });
    },

    async 'platformBackup.prove'(ref: PlatformRef): Promise<void> {
      const written = await writtenOf(em(), ref.runId);
      if (!written) throw new Error('nothing was written that could be read');
      if (written.isProven) return;
      await verifyPlatformBackup(place, written.id, masterKey, Context.current().cancellationSignal);
      await notePlatformBackupProven(ledger, ref, written.id);
    },

    /** What cannot be removed, because its bucket keeps it, is asked for again the next time. */
    async 'platformBackup.clear'(ref: PlatformRef): Promise<void> {
      for (const id of await outdatedPlatformBackups(em(), ref.runId, backups.platformKept)) {
        if (!(await unlessLocked(deletePlatformBackup(place, id)))) continue;
        await markPlatformBackupRemoved(em(), id);
      }
    },

    async 'platformBackup.close'(ref: PlatformRef, refusal: Reason | null): Promise<RunState> {
      const state = await closePlatformBackup(ledger, ref, refusal);
      countPlatformBackup(refusal ? 'failed' : 'proven');
      return state;
    },
  };
};

/** False where a lock keeps it: the others go all the same. */
const unlessLocked = (removing: Promise<unknown>): Promise<boolean> =>
  removing.then(
    () => true,
    (error: unknown) => {
      if (error instanceof FileLocked) return false;
      throw error;
    },
  );
