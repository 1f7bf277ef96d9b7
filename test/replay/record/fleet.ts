import { FleetSettings } from '#contracts/fleet/migrations.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { readCatalogue } from '#domain/fleet/catalogue.ts';
import { openFleetRun } from '#domain/fleet/openFleetRun.ts';
import { rows } from '#domain/sql.ts';
import { startRun } from '#temporal/startRun.ts';
import type { Recorder } from '../recorder.ts';

/** A migration of the fleet: through its waves, held for a person, and cancelled while it looks on. */
export async function fleet({ installation, record }: Recorder): Promise<void> {
  const { platform, temporal } = installation;
  await installation.provision({ name: 'Recorded in the fleet' });
  const migrate = async (canary: object | null): Promise<string> => {
    const digest = await installation.until('a worker to tell of its folder', 20_000, async () => {
      const catalogue = await readCatalogue(installation.em);
      return catalogue.migrations.length > 0 ? catalogue.digest : null;
    });
    const runId = await installation.em.transactional(async (em) => {
      await rows(em)`update tenant_versions set version = 0`;
      return openFleetRun(em, { ...FleetSettings.parse({ canary }), digest }, theSystem);
    });
    await startRun(platform, temporal.client, runId);
    return runId;
  };
  await record('migrateFleet.succeeds', await migrate({ size: { tenants: 1 }, soakSeconds: 1 }));
  const held = await migrate({ size: { tenants: 1 }, approval: true });
  await installation.runIs('waiting', held);
  await installation.decide(held, 'continue');
  await record('migrateFleet.held', held);
  const soaking = await migrate({ size: { tenants: 1 }, soakSeconds: 3_600 });
  await installation.until('the canary to be through', 20_000, async () => {
    const [wave] = await rows<{ state: string }>(installation.em)`
      select state from fleet_waves where run_id = ${soaking} and number = 0`;
    return wave?.state === 'soaking';
  });
  await installation.cancelRun(soaking);
  await record('migrateFleet.cancelled', soaking);
}
