import { continueAsNew, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { BATCH, FIXED } from '../lib/policies.ts';
import { takeTurns, type Turn } from '../lib/turns.ts';

const reading = proxyActivities<Activities>(BATCH);
const turning = proxyActivities<Activities>(FIXED);

/** Long enough for some tenants to be ready, short enough that others are never waited for. */
const momentMs = 500;
/** A signal may be lost: who waits for a person looks by itself, too. */
const looksAgainMs = 60_000;

/**
 * Has the tenants of a file made: reads and reports every line first, waits until somebody starts it, then keeps a window of ordinary
 * provisioning runs under way.
 */
export async function importTenants(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  await takeTurns(
    async (): Promise<Turn> => {
      const next = await turning['import.turn']({ runId, tenantId, epoch, now: Date.now() });
      if (next === 'check') await reading['import.check']({ runId, tenantId, epoch });
      if (next === 'more') await sleep(momentMs);
      if (next === 'wait' || next === 'held') return { isOver: false, waitMs: looksAgainMs };
      return { isOver: next === 'over' };
    },
    () => continueAsNew<typeof importTenants>(run),
  );
}
