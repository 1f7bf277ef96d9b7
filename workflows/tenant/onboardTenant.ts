import {
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { onboardingLook } from '#activities/tenant/onboarding.ts';
import { wakeSignal, type RunInput } from '#contracts/workflowInputs.ts';
import { CALL, FIXED, REPORT } from '../lib/policies.ts';

const look = proxyLocalActivities<ReturnType<typeof onboardingLook>>(REPORT);
const activities = proxyActivities<Activities>(FIXED);
const outside = proxyActivities<Activities>(CALL(4));
const wake = defineSignal(wakeSignal);

/** An onboarding may last for years: a history is ended long before it is too long. */
const mostEvents = 2_000;
const pauseAfterFailure = '5 minutes';

/**
 * Accompanies a tenant's administrator through the items of its plan: does what the system can do, reminds on the days of the
 * ladder, asks the platform to look when it takes too long. All that counts is in the registry; the workflow looks at it when
 * it is woken, when something becomes due by its own clock, and once a day.
 */
export async function onboardTenant(run: RunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  const ref = { runId, tenantId, epoch };
  let wakes = 0;
  setHandler(wake, () => void (wakes += 1));
  try {
    for (;;) {
      if (workflowInfo().historyLength > mostEvents) return await continueAsNew<typeof onboardTenant>(run);
      const seen = wakes;
      const nowMs = Date.now();
      const next = await look['onboarding.look'](ref, nowMs);
      switch (next.do) {
        case 'verify':
          await activities['onboarding.verifyMailDomain'](ref, nowMs);
          break;
        case 'load':
          await orLater(() => outside['onboarding.loadSampleData'](ref));
          break;
        case 'remind':
          await activities['onboarding.remind'](ref, next.rung, nowMs);
          break;
        case 'escalate':
          await activities['onboarding.escalate'](ref, nowMs);
          break;
        case 'finish':
          if (await activities['onboarding.finish'](ref)) return;
          break;
        case 'cancel':
          return await activities['onboarding.cancel'](ref);
        case 'stop':
          return;
        case 'wait':
          await condition(() => wakes > seen, Math.max(1_000, next.untilMs - Date.now()));
      }
    }
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => activities['onboarding.cancel'](ref));
    throw error;
  }
}

/** What another system does not do now is asked of it again; the reminders do not wait behind it for long. */
async function orLater(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isCancellation(error)) throw error;
    await sleep(pauseAfterFailure);
  }
}
