import { ApplicationFailure, CancellationScope, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { Reason, RunInput } from '#contracts/workflowInputs.ts';
import { DELIVER, REPORT } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';
import { report } from '../lib/saga.ts';
import { fixedStep } from '../lib/steps.ts';

const activities = proxyActivities<Activities>(DELIVER);
const ledger = proxyLocalActivities<LedgerActivities>(REPORT);

/** Invites the admin of an active tenant by mail. A mail cannot be unsent, so this is a run of its own, after the doors are open. */
export async function deliverInvitation(run: RunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  const planned = fixedStep(run, 'invitation');
  await CancellationScope.nonCancellable(async () => {
    let refusal: Reason | null = null;
    try {
      const skipped = await activities['invitation.send']({
        runId,
        tenantId,
        epoch,
        stepId: planned.id,
        resourceId: null,
        intent: 'act',
      });
      await report(run, planned, skipped ? 'skipped' : 'done', skipped);
    } catch (error) {
      refusal = reasonOf(error);
      await report(run, planned, 'failed', refusal);
    }
    await ledger['ledger.closeDelivery']({ runId, tenantId, epoch }, refusal);
    if (refusal) throw ApplicationFailure.create({ type: refusal.code, message: refusal.text, nonRetryable: true });
  });
}
