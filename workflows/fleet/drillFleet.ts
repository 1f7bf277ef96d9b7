import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { FleetDrillActivities } from '#activities/backups/drillFleet.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';
import { takeTurns } from '../lib/turns.ts';

const activities = proxyActivities<FleetDrillActivities>(FIXED);

/** Proves the backups of many tenants, few at once. */
export async function drillFleet(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  await takeTurns(
    () => activities['drills.turn']({ runId, tenantId, epoch }),
    () => continueAsNew<typeof drillFleet>(run),
  );
}
