import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { liftLegalHold, setLegalHold } from '#domain/offboarding/legalHolds.ts';
import { wakeSignal } from '#contracts/workflowInputs.ts';
import { certified, inGrace, offboard } from '../../scenarios/offboarding/leavingTenant.ts';
import type { Recorder } from '../recorder.ts';

/** Letting a tenant go: to its end, taken back, held, and with what would not go; and the destruction of its key. */
export async function offboarding({ installation, record, stepsIn, refuse }: Recorder): Promise<void> {
  const { tenantKeys, configuration } = installation.platform;
  const provision = (name: string) => installation.provision({ name });
  /** A history is unsealed when it is recorded: its key is kept in memory until then. */
  async function recordErased(name: string, tenantId: string, runId: string): Promise<void> {
    const keeping = setInterval(() => void tenantKeys.find(tenantId), 500);
    await tenantKeys.find(tenantId);
    await record(name, runId).finally(() => clearInterval(keeping));
  }

  const leaves = await provision('Recorded and gone');
  const gone = await offboard(installation, leaves, 0);
  await recordErased('offboardTenant.succeeds', leaves.tenantId, gone.runId);
  await record('shredTenantKey.succeeds', (await certified(installation, leaves.tenantId)).id);

  const back = await offboard(installation, await provision('Recorded and back'), 30);
  await inGrace(installation, back.runId);
  await installation.cancelRun(back.runId);
  await record('offboardTenant.undone', back.runId);

  const unexported = await provision('Recorded and not exported');
  const inTheWay = join(configuration.place, 'exports', unexported.tenantId);
  await mkdir(join(configuration.place, 'exports'), { recursive: true });
  await writeFile(inTheWay, 'in the way');
  const stuck = await offboard(installation, unexported, 0);
  await installation.runIs('waiting', stuck.runId);
  await installation.decide(stuck.runId, 'roll_back');
  await record('offboardTenant.parkedAndRolledBack', stuck.runId);
  await rm(inTheWay);

  const keeps = await provision('Recorded and held');
  await installation.em.transactional((em) => setLegalHold(em, tenantKeys, keeps.tenantId, 'Recorded.', theSystem));
  const held = await offboard(installation, keeps, 0);
  await installation.until(
    'the hold',
    30_000,
    async () => (await installation.run(held.runId)).held?.by === 'legal_hold',
  );
  const workflowId = await installation.em.transactional((em) => liftLegalHold(em, keeps.tenantId, theSystem));
  await installation.temporal.client.workflow.getHandle(workflowId!).signal(wakeSignal);
  await recordErased('offboardTenant.held', keeps.tenantId, held.runId);

  stepsIn(async ({ at, when }) => {
    if (at === 'realm.destroy' && when === 'before') throw refuse() as DomainError;
  });
  const sticky = await provision('Recorded and sticky');
  await record('offboardTenant.destroyFails', (await offboard(installation, sticky, 0)).runId);
  stepsIn(async () => undefined);
  const rest = await installation.removeTenant(sticky.tenantId, sticky.slug);
  await recordErased('deprovisionTenant.certified', sticky.tenantId, rest.runId);
  await certified(installation, sticky.tenantId);
}
