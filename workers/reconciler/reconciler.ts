import { compareCluster } from '#domain/cluster/compareCluster.ts';
import { clearTombstones } from '#providers/storage/bucketFolders.ts';
import { clusterOf } from '#temporal/cluster.ts';
import { settleSchedules } from '#temporal/schedules/settleSchedules.ts';
import { beginSuspensions, freeAddresses } from './beginSuspensions.ts';
import { closeEndedExecutions } from './closeEndedExecutions.ts';
import { closeSupport } from './closeSupport.ts';
import { deliverCancels } from './deliverCancels.ts';
import { purgePlans } from './purgePlans.ts';
import { expireApprovals } from './expireApprovals.ts';
import type { Reconciled } from './reconciled.ts';
import { deliverDecisions, wakeHeldRuns } from './releaseRuns.ts';
import { reportLag } from './reportLag.ts';
import { wakeOnboardings } from './wakeOnboardings.ts';
import { startForgottenRuns } from './startForgottenRuns.ts';
import { wakeWaitingRuns } from './wakeWaitingRuns.ts';

const everyMs = 1_000;
const sweepEveryMs = 10 * 60_000;
/** What a cluster lost, and what somebody deleted in it, is back after this at the latest. */
const settleEveryMs = 5 * 60_000;
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
  let lastSettled = 0;
  let settledIn = '';

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
        await beginSuspensions(reconciled);
        await freeAddresses(reconciled);
        await reportLag(platform.registry.em.fork());
        // What another cluster does not know proves nothing about a run, and nothing is begun in it.
        const cluster = await clusterOf(client);
        if (await compareCluster(platform.registry.em.fork(), cluster)) {
          await startForgottenRuns(reconciled);
          await deliverCancels(reconciled);
          await deliverDecisions(reconciled);
          await wakeHeldRuns(reconciled);
          await wakeOnboardings(reconciled);
          await wakeWaitingRuns(reconciled);
          await closeEndedExecutions(reconciled);
          const here = `${cluster.clusterId} ${cluster.namespaceId}`;
          if (here !== settledIn || Date.now() - lastSettled > settleEveryMs) {
            await settleSchedules(reconciled);
            [settledIn, lastSettled] = [here, Date.now()];
          }
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
