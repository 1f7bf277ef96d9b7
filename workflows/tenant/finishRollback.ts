import { ApplicationFailure, CancellationScope, proxyLocalActivities } from '@temporalio/workflow';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { REPORT } from '../lib/policies.ts';
import { removeEach } from '../lib/removeEach.ts';

const ledger = proxyLocalActivities<LedgerActivities>(REPORT);

/** Completes a rollback that had to leave something, from the ledger alone. What still cannot go is named again. */
export async function finishRollback(run: RunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  const outcome = await CancellationScope.nonCancellable(async () => {
    await removeEach(run);
    return ledger['ledger.closeFinish']({ runId, tenantId, epoch });
  });
  if (outcome !== 'succeeded')
    throw ApplicationFailure.create({ type: outcome, message: 'Not everything could be removed.', nonRetryable: true });
}
