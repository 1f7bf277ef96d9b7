import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';
import { saga } from '../lib/saga.ts';

const activities = proxyActivities<Activities>(FIXED);

/** Moves a tenant to the address that is kept for it; until then, and where it is cancelled, the old one is where it is. */
export async function renameTenant(run: RunInput): Promise<void> {
  await saga(run, async () => {
    const { runId, tenantId, epoch } = run;
    await CancellationScope.nonCancellable(() => activities['address.move']({ runId, tenantId, epoch }));
  });
}
