import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { OwnershipActivities } from '#activities/tenant/changeOwnership.ts';
import { wakeSignal, type RunInput } from '#contracts/workflowInputs.ts';
import { FIXED, REPORT } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';
import { report } from '../lib/saga.ts';
import { fixedStep } from '../lib/steps.ts';

const ownership = proxyActivities<OwnershipActivities>(FIXED);
const ledger = proxyLocalActivities<LedgerActivities & OwnershipActivities>(REPORT);
const wake = defineSignal(wakeSignal);

const endings = {
  declined: { code: 'ownership_declined', text: 'It was declined. Nothing has changed.' },
  expired: { code: 'ownership_expired', text: 'Nobody answered in time. Nothing has changed.' },
  gone: { code: 'tenant_not_active', text: 'The tenant is being removed.' },
};

/**
 * Asks somebody to own a tenant, reminds them, and hands it over in one moment when everybody has agreed. While it waits it holds nobody
 * up; until that moment nothing has changed, so there is nothing to undo.
 */
export async function changeOwnership(run: RunInput): Promise<void> {
  const ref = { runId: run.runId, tenantId: run.tenantId, epoch: run.epoch };
  let signals = 0;
  setHandler(wake, () => void (signals += 1));
  try {
    const wait = fixedStep(run, 'ownership.wait');
    for (;;) {
      const seen = signals;
      const { answered, nextAt } = await ledger['ownership.look'](ref, new Date().toISOString());
      if (answered === 'agreed') break;
      if (answered) {
        await report(run, wait, 'failed', endings[answered]);
        throw ApplicationFailure.nonRetryable(endings[answered].text, endings[answered].code);
      }
      await ledger['ownership.wait']({ ...ref, stepId: wait.id });
      await condition(() => signals > seen, Math.max(1, Date.parse(nextAt) - Date.now()));
    }
    // What it waited for is written down with what it leads to, in one transaction.
    await ownership['ownership.handOver'](ref);
  } catch (error) {
    await CancellationScope.nonCancellable(async () => {
      const reason = reasonOf(error);
      await ledger['ledger.startRollback'](ref, reason);
      const outcome = await ledger['ownership.closeUnchanged'](ref);
      // The execution ends as what it was, so that the Temporal UI's own filters find it.
      if (outcome === 'cancelled') throw new CancelledFailure('cancelled on request; nothing has changed');
      throw ApplicationFailure.create({ type: outcome, message: reason.text, nonRetryable: true });
    });
  }
}
