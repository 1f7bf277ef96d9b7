import { compareCluster } from '#domain/cluster/compareCluster.ts';
import { clearTombstones } from '#providers/storage/bucketFolders.ts';
import { clusterOf } from '#temporal/cluster.ts';
import { closeEndedExecutions } from './closeEndedExecutions.ts';
import { closeSupport } from './closeSupport.ts';
import { deliverCancels } from './deliverCancels.ts';
import { purgePlans } from './purgePlans.ts';
import { settleSchedules } from '../schedules.ts';
import { expireApprovals } from './expireApprovals.ts';
import type { Reconciled } from './reconciled.ts';
import { deliverDecisions, wakeHeldRuns } from './releaseRuns.ts';
import { reportLag } from './reportLag.ts';
import { startForgottenRuns } from './startForgottenRuns.ts';

const everyMs = 1_000;
const sweepEveryMs = 10 * 60_000;
/** Far longer than any attempt of an activity can live. */
const tombstoneMs = 60 * 60_000;

/**
 * Carries on what a process left between a commit and what should have followed it: runs whose workflow never started, cancels
 * that never arrived, workflows that ended without saying so. Every worker runs one; doing it twice is doing it once.
 */
export function startReconciler(reconciled: Reconciled): { stop(): Promise<void> } {
  const { platform, client, logger } = reconciled;
  let stopped = false;
  let wake: (() => void) | null = null;
  let lastSweep = 0;
  let schedulesAreSettled = false;

  const loop = async () => {
    while (!stopped) {
      try {
        if (Date.now() - lastSweep > sweepEveryMs) {
          lastSweep = Date.now();
          await purgePlans(reconciled);
          await clearTombstones(platform.configuration.storageDir, tombstoneMs);
        }
        await expireApprovals(reconciled);
        await closeSupport(reconciled);
        await reportLag(platform.registry.em.fork());
        // What another cluster does not know proves nothing about a run, and nothing is begun in it.
        if (await compareCluster(platform.registry.em.fork(), await clusterOf(client))) {
          await startForgottenRuns(reconciled);
          await deliverCancels(reconciled);
          await deliverDecisions(reconciled);
          await wakeHeldRuns(reconciled);
          await closeEndedExecutions(reconciled);
          if (!schedulesAreSettled) await settleSchedules(reconciled);
          schedulesAreSettled = true;
        }
      } catch (error) {
        logger.warn({ err: error }, 'the reconciler could not look; it will again');
      }
      if (stopped) return;
      await new Promise<void>((resume) => {
        wake = resume;
        setTimeout(resume, everyMs).unref();
      });
    }
  };
  const running = loop();
  return {
    async stop() {
      stopped = true;
      wake?.();
      await running;
    },
  };
}
