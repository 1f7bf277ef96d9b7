import {
  ApplicationFailure,
  CancellationScope,
  patched,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { RunInput } from '#contracts/workflowInputs.ts';
import { BATCH, COUNT, FIXED, REPORT } from '../lib/policies.ts';
import { removeEach } from '../lib/removeEach.ts';
import { fixedStep } from '../lib/steps.ts';

const activities = proxyActivities<Activities>(FIXED);
const patient = proxyActivities<Activities>(BATCH);
const counting = proxyActivities<Activities>(COUNT);
const ledger = proxyLocalActivities<LedgerActivities>(REPORT);

/** Removes everything a tenant owns. There is no way back, so it goes on past each failure and names what it had to leave. */
export async function deprovisionTenant(run: RunInput): Promise<void> {
  const outcome = await CancellationScope.nonCancellable(async () => {
    const { runId, tenantId, epoch } = run;
    const ref = { runId, tenantId, epoch };
    const isCertified = patched('erasures-are-certified');
    await activities['doors.close']({ ...ref, stepId: fixedStep(run, 'doors').id });
    if (isCertified) await counting['erasure.countBefore'](ref, 'removal');
    await removeEach(run);
    if (isCertified) await patient['erasure.removeExports'](ref);
    if (isCertified) await counting['erasure.countAfter'](ref);
    const closed = await ledger['ledger.closeRemoval'](ref);
    const followUp = isCertified ? await activities['erasure.followUp'](ref) : null;
    if (followUp) await activities['run.start'](followUp);
    return closed;
  });
  if (outcome !== 'succeeded')
    throw ApplicationFailure.create({ type: outcome, message: 'Not everything could be removed.', nonRetryable: true });
}
