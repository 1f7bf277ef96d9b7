import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { BATCH } from '../lib/policies.ts';

const activities = proxyActivities<Activities>(BATCH);

/** Keeps a history short, however many tenants there are. */
const batchesInHistory = 200;

/**
 * Compares resources with what was made, batch by batch. Where it is stands in the ledger, in the transaction of what was found: a
 * killed worker's batch is taken up again, and continuing as new carries nothing but the run.
 */
export async function checkDrift(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  for (let batch = 0; !(await activities['drift.checkBatch']({ runId, tenantId, epoch })); batch++)
    if (batch === batchesInHistory) return continueAsNew<typeof checkDrift>(run);
  await activities['drift.closeCheck']({ runId, tenantId, epoch });
}
