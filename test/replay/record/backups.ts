import { openFleetBackupNow } from '#domain/backups/fleet/openFleetBackup.ts';
import { openRefill } from '#domain/backups/refilling/openRefill.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { partKeyOf } from '#domain/backups/format/manifest.ts';
import { startRun } from '#temporal/startRun.ts';
import { BackupWorld } from '#test/scenarios/backups/backupWorld.ts';
import type { Recorder } from '../recorder.ts';

/** Backups that are made, cannot be made, are taken back, read again, found broken, and made of a whole plan. */
export async function backups({ installation, record }: Recorder): Promise<void> {
  const world = new BackupWorld(installation);
  const { tenantId } = await installation.provision({ name: 'Recorded and backed up' });
  const made = await world.make(tenantId);
  await record('backupTenant.succeeds', made.run_id);
  await record('verifyBackup.succeeds', await world.verify(tenantId, made.id));
  await world.place.delete(partKeyOf({ tenantId, backupId: made.id }, 1));
  await record('verifyBackup.broken', await world.verify(tenantId, made.id));

  const { em } = installation;
  const cancelled = await world.open(tenantId);
  await installation.cancelRun(cancelled);
  await record('backupTenant.cancelled', cancelled);
  const empty = await installation.provision({ name: 'With nothing to back up' });
  await installation.asAdmin(null, `update resources set state = 'destroyed' where tenant_id = $1`, [empty.tenantId]);
  await record('backupTenant.rollsBack', await world.open(empty.tenantId));

  await installation.addPlan('recorded-fleet', []);
  await installation.asAdmin(null, `update tenants set plan = 'recorded-fleet' where id = $1`, [tenantId]);
  const fleet = async () => {
    const runId = await em.transactional((tx) => openFleetBackupNow(tx, 'recorded-fleet', new Date(), theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    return runId;
  };
  await record('backupFleet.succeeds', await fleet());
  const refill = await em.transactional((tx) => openRefill(tx, theSystem));
  await startRun(installation.platform, installation.temporal.client, refill);
  await record('refillFleet.succeeds', refill);
}
