import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { BATCH } from '../lib/policies.ts';

const activities = proxyActivities<Activities>(BATCH);

/** Keeps a history short, however much there is. */
const pagesInHistory = 200;

/** Compares everything that carries our tag with the registry, both ways. It finds; a person approves each removal. */
export async function sweepOrphans(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  for (let page = 0; !(await activities['orphans.sweepPage']({ runId, tenantId, epoch })); page++)
    if (page === pagesInHistory) return continueAsNew<typeof sweepOrphans>(run);
  await activities['orphans.compare']({ runId, tenantId, epoch });
}
