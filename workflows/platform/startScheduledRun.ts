import { proxyActivities, uuid4 } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { ScheduledRunKind } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';

const activities = proxyActivities<Activities>(FIXED);

/** What a schedule starts: it writes the run into the ledger first, like everybody who starts one. */
export async function startScheduledRun(kind: ScheduledRunKind): Promise<void> {
  const runId = await activities['schedule.openRun'](kind, uuid4());
  if (runId) await activities['run.start'](runId);
}
