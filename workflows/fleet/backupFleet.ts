import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { FleetBackupActivities } from '#activities/backups/backUpFleet.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { FIXED } from '../lib/policies.ts';
import { takeTurns } from '../lib/turns.ts';

const activities = proxyActivities<FleetBackupActivities>(FIXED);

/** Backs up all tenants of a plan, each at its place in the window, few at once. */
export async function backupFleet(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  await takeTurns(
    () => activities['backups.turn']({ runId, tenantId, epoch }),
    () => continueAsNew<typeof backupFleet>(run),
  );
}
