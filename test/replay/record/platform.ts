import { openPlatformBackup } from '#domain/backups/platform/platformBackups.ts';
import { openRestoreBeside, openRestoreInPlace } from '#domain/backups/restoring/openRestore.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { startRun } from '#temporal/startRun.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import type { Recorder } from '../recorder.ts';

/** The control plane's own backup, and tenants that are restored. */
export async function platform({ installation, record, refuse, stepsIn }: Recorder): Promise<void> {
  const backUp = async (): Promise<string> => {
    const runId = await installation.em.transactional((em) => openPlatformBackup(em, null, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    return runId;
  };
  await record('backupPlatform.succeeds', await backUp());
  stepsIn(async ({ at, when }) => {
    if (at === 'platformBackup.prove' && when === 'before') throw refuse();
  });
  await record('backupPlatform.fails', await backUp());
  stepsIn(async () => undefined);

  const { tenantId, slug } = await installation.provision({ name: 'Recorded and restored' });
  const backupId = await keepBackup(installation, tenantId);
  const keys = installation.platform.tenantKeys;
  const restore = async (): Promise<string> => {
    await keys.find(tenantId);
    const { runId } = await installation.em.transactional((em) =>
      openRestoreInPlace(em, keys, tenantId, { backupId, confirm: slug }, theSystem),
    );
    await startRun(installation.platform, installation.temporal.client, runId);
    return runId;
  };
  await record('restoreTenant.succeeds', await restore());
  stepsIn(async ({ at, when }) => {
    if (at === 'database.prove' && when === 'before') throw refuse();
  });
  await record('restoreTenant.rollsBack', await restore());
  stepsIn(async () => undefined);
  const beside = await installation.em.transactional((em) =>
    openRestoreBeside(em, keys, tenantId, { backupId, name: 'Recorded beside' }, theSystem),
  );
  await startRun(installation.platform, installation.temporal.client, beside.runId);
  await record('provisionTenant.restoresBeside', beside.runId);
}
