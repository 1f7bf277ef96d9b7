import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { BATCH } from '../lib/policies.ts';

const activities = proxyActivities<Activities>(BATCH);

/** Keeps a history short, however much there is. */
const batchesInHistory = 200;

/** Signs all licences of a key anew, in batches that each stand for themselves. */
export async function reissueLicenses(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  const subjectId = run.subjectId ?? '';
  for (let batch = 0; !(await activities['licenses.reissueBatch']({ runId, tenantId, epoch, subjectId })); batch++)
    if (batch === batchesInHistory) return continueAsNew<typeof reissueLicenses>(run);
}
