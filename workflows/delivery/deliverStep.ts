import { ApplicationFailure, CancellationScope, proxyLocalActivities } from '@temporalio/workflow';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { Reason, RunInput } from '#contracts/workflowInputs.ts';
import { REPORT } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';
import { report } from '../lib/saga.ts';
import { deliver, stepsOfBlueprint } from '../lib/steps.ts';

const ledger = proxyLocalActivities<LedgerActivities>(REPORT);

/** Carries out a step that comes after the doors: what cannot be undone is tried for days, and then a person is asked. */
export async function deliverStep(run: RunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  await CancellationScope.nonCancellable(async () => {
    let refusal: Reason | null = null;
    for (const planned of stepsOfBlueprint(run)) {
      try {
        await deliver(run, planned)();
        await report(run, planned, 'done', null);
      } catch (error) {
        refusal = reasonOf(error);
        await report(run, planned, 'failed', refusal);
      }
    }
    await ledger['ledger.closeDelivery']({ runId, tenantId, epoch }, refusal);
    if (refusal) throw ApplicationFailure.create({ type: refusal.code, message: refusal.text, nonRetryable: true });
  });
}
