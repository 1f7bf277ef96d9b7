import { ApplicationFailure, CancellationScope, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { FIXED, REPORT } from './lib/policies.ts';
import { removeEach } from './lib/removeEach.ts';
import { fixedStep } from './lib/steps.ts';

const activities = proxyActivities<Activities>(FIXED);
const ledger = proxyLocalActivities<LedgerActivities>(REPORT);

/** Removes everything a tenant owns. There is no way back, so it goes on past each failure and names what it had to leave. */
export async function deprovisionTenant(run: RunInput): Promise<void> {
  const outcome = await CancellationScope.nonCancellable(async () => {
    const { runId, tenantId, epoch } = run;
    await activities['doors.close']({ runId, tenantId, epoch, stepId: fixedStep(run, 'doors').id });
    await removeEach(run);
    return ledger['ledger.closeRemoval']({ runId, tenantId, epoch });
  });
  if (outcome !== 'succeeded')
    throw ApplicationFailure.create({ type: outcome, message: 'Not everything could be removed.', nonRetryable: true });
}
