import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { FLEET } from '../lib/policies.ts';
import { takeTurns, type Turn } from '../lib/turns.ts';

const activities = proxyActivities<Activities>(FLEET);

/** A signal may be lost: who waits for a person looks by itself, too. */
const looksAgainMs = 30_000;

/** Brings all tenants to a version, wave by wave. */
export async function migrateFleet(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  await takeTurns(
    async (): Promise<Turn> => {
      const next = await activities['fleet.migrate']({ runId, tenantId, epoch, now: Date.now() });
      if (next.is === 'waiting') return { isOver: false, waitMs: next.milliseconds };
      if (next.is === 'held') return { isOver: false, waitMs: looksAgainMs };
      return { isOver: next.is === 'over' };
    },
    () => continueAsNew<typeof migrateFleet>(run),
  );
}
