import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { RefillActivities } from '#activities/backups/refillFleet.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { BATCH } from '../lib/policies.ts';
import { takeTurns } from '../lib/turns.ts';

const activities = proxyActivities<RefillActivities>(BATCH);

/** Fills every tenant again that lost something, each from its newest good backup by a run of its own, few at once. */
export async function refillFleet(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  await takeTurns(
    () => activities['refill.turn']({ runId, tenantId, epoch }),
    () => continueAsNew<typeof refillFleet>(run),
  );
}
