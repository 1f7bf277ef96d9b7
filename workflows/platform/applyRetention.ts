import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { BATCH } from '../lib/policies.ts';

const activities = proxyActivities<Activities>(BATCH);

/** Keeps a history short, however much there is. */
const batchesInHistory = 200;

/** Removes what was kept for as long as the configuration says, in batches that each stand for themselves. */
export async function applyRetention(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  for (let batch = 0; !(await activities['retention.clear']({ runId, tenantId, epoch })); batch++)
    if (batch === batchesInHistory) return continueAsNew<typeof applyRetention>(run);
}
