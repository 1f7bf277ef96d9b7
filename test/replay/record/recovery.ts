import { theSystem } from '#domain/events/appendEvent.ts';
import { openRecovery } from '#domain/physical/recoveries/openRecovery.ts';
import { startRun } from '#temporal/startRun.ts';
import { ProtectedServer, protectedGround } from '#test/physical/protectedInstallation.ts';
import { stepIntoActivities } from '#test/servers/activityFaults.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { recorderOf } from '../recorder.ts';

/** A tenant out of a server that was brought back: copied, cancelled, of a server that cannot be proven, and one that does not want to go. */
export async function recovery(): Promise<void> {
  const { ground, env, servers } = await protectedGround();
  const installation = await TestInstallation.start(env, servers);
  const server = new ProtectedServer(installation, ground);
  let stepIn: StepIn = async () => undefined;
  const { record, refuse } = recorderOf(installation, (next) => (stepIn = next));
  try {
    await installation.startWorker(undefined, {
      adaptActivities: (activities, deps) => stepIntoActivities(activities, deps, (...given) => stepIn(...given)),
    });
    const { tenantId } = await installation.provision({ name: 'Recorded and recovered' });
    await server.backUp();
    const open = async () => {
      const { tenantKeys: keys, configuration } = installation.platform;
      const wanted = { tenantId, at: await server.now(), mode: 'copy' } as const;
      const { runId } = await installation.em.transactional((em) =>
        openRecovery(em, { keys, configuration }, wanted, theSystem),
      );
      await startRun(installation.platform, installation.temporal.client, runId);
      return runId;
    };
    await record('recoverTenant.succeeds', await open());
    const cancelled = await open();
    await installation.cancelRun(cancelled);
    await record('recoverTenant.cancelled', cancelled);
    stepIn = async ({ at, when }) => {
      if (at === 'recovery.prove' && when === 'before') throw refuse();
    };
    await record('recoverTenant.rollsBack', await open());
    stepIn = async ({ at, when }) => {
      if ((at === 'recovery.prove' || at === 'recovery.remove') && when === 'before') throw refuse();
    };
    await record('recoverTenant.undoFails', await open());
  } finally {
    await installation.stop();
    for (const id of await server.scratch()) await server.physical.tearDown(id); // what did not want to go
    await ground.stop();
  }
}
