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
import type { RotationActivities } from '#activities/tenant/rotateSecrets.ts';
import { wakeSignal, type RunInput } from '#contracts/workflowInputs.ts';
import { refOf, takeFixed, undoFixed } from '../lib/fixedSteps.ts';
import { FIXED, REPORT } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';

const secrets = proxyActivities<RotationActivities>(FIXED);
const ledger = proxyLocalActivities<LedgerActivities & RotationActivities>(REPORT);
const wake = defineSignal(wakeSignal);

/**
 * Follows a tenant's secrets by new ones: both work until the overlap is over, then the old ones end. Until then it can be taken back.
 * While it waits it holds nobody up: it takes the tenant for each change and gives it back.
 */
export async function rotateTenantSecrets(run: RunInput): Promise<void> {
  let signals = 0;
  setHandler(wake, () => void (signals += 1));

  /** By the times that the first execution wrote, so that one that is started anew waits no longer. */
  const due = async (time: 'signAt' | 'endAt'): Promise<void> => {
    for (;;) {
      const seen = signals;
      const look = await ledger['secrets.look'](refOf(run));
      if (look.isGone) throw ApplicationFailure.nonRetryable('The tenant is being removed.', 'tenant_not_active');
      const leftMs = Date.parse(look[time] ?? '') - Date.now();
      if (!(leftMs > 0)) return;
      await condition(() => signals > seen, leftMs);
    }
  };

  try {
    await takeFixed(run, 'secrets.prepare', (input) => secrets['secrets.prepare'](input));
    await takeFixed(run, 'secrets.try', (input) => secrets['secrets.try'](input));
    await takeFixed(run, 'secrets.show', (input) => secrets['secrets.show'](input, new Date().toISOString()));
    if (run.steps.some(({ provider }) => provider === 'secrets.sign')) {
      await due('signAt');
      await takeFixed(run, 'secrets.sign', (input) => secrets['secrets.sign'](input));
    }
    await due('endAt');
    await CancellationScope.nonCancellable(async () => {
      await takeFixed(run, 'secrets.endOld', (input) => secrets['secrets.endOld'](input));
      await ledger['secrets.closeRotated'](refOf(run));
    });
  } catch (error) {
    await CancellationScope.nonCancellable(() => takeBack(run, error));
  }
}

async function takeBack(run: RunInput, error: unknown): Promise<never> {
  const reason = reasonOf(error);
  await ledger['ledger.startRollback'](refOf(run), reason);
  await undoFixed(run, 'secrets.prepare', (input) => secrets['secrets.withdraw'](input));
  const outcome = await ledger['secrets.closeWithdrawn'](refOf(run));
  // The execution ends as what it was, so that the Temporal UI's own filters find it.
  if (outcome === 'cancelled') throw new CancelledFailure('cancelled on request; the old secrets stay');
  throw ApplicationFailure.create({ type: outcome, message: reason.text, nonRetryable: true });
}
