import { deleteFolder } from '#domain/places/place.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { folderOfTenant } from '#domain/backups/format/manifest.ts';
import { openDrill } from '#domain/backups/drills/openDrill.ts';
import { openFleetDrill } from '#domain/backups/drills/openFleetDrill.ts';
import { requestPause } from '#domain/runs/deciding/decideRun.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { roomNameOf } from '#providers/database/drill/rooms.ts';
import { startRun } from '#temporal/startRun.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import type { Recorder } from '../recorder.ts';

/** A backup that is proven, one that is not there any more, and a throw-away database whose name is somebody else's. */
export async function drills({ installation, record }: Recorder): Promise<void> {
  const { tenantId } = await installation.provision({ name: 'Recorded and drilled' });
  await keepBackup(installation, tenantId);
  const open = async () => (await installation.em.transactional((em) => openDrill(em, tenantId, {}, theSystem))).runId;
  const start = (runId: string) => startRun(installation.platform, installation.temporal.client, runId);
  const proven = await open();
  await start(proven);
  await record('drillTenant.succeeds', proven);

  const stuck = await open();
  await installation.asAdmin(null, `create role ${roomNameOf(stuck)}`);
  await start(stuck);
  await record('drillTenant.undoFails', stuck);
  await installation.asAdmin(null, `drop role ${roomNameOf(stuck)}`);
  const { runId } = await installation.em.transactional((em) => openFinish(em, stuck, theSystem));
  await start(runId);
  await record('finishRollback.ofDrill', runId);

  const { em } = installation;
  await installation.addPlan('recorded-drills', []);
  await installation.asAdmin(null, `update tenants set plan = 'recorded-drills' where id = $1`, [tenantId]);
  const fleet = () => em.transactional((tx) => openFleetDrill(tx, 'recorded-drills', theSystem));
  const done = await fleet();
  await start(done);
  await record('drillFleet.succeeds', done);
  const cancelled = await fleet();
  await em.transactional((tx) => requestPause(tx, cancelled, theSystem));
  await start(cancelled);
  await installation.until(
    'the run to be paused',
    20_000,
    async () => (await installation.run(cancelled)).state === 'paused',
  );
  await installation.cancelRun(cancelled);
  await record('drillFleet.cancelled', cancelled);

  await deleteFolder(openPlace(installation.configuration.backups), folderOfTenant(tenantId));
  const gone = await open();
  await start(gone);
  await record('drillTenant.rollsBack', gone);
}
