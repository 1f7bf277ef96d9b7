import { FleetBackupStarted } from '#contracts/backups/backups.ts';
import { openFleetBackupNow } from '#domain/backups/fleet/openFleetBackup.ts';
import { registryTime } from '#domain/sql.ts';
import { defineRoute } from '../../route.ts';
import { PlanParams } from './planParams.ts';

/** Whatever the clock and pauses of the plan say of it; tenants that are paused themselves are left out. */
export const backupPlan = defineRoute({
  method: 'post',
  path: '/api/v1/plans/{plan}/backups/run',
  summary: 'Back up all tenants of a plan now',
  permission: 'backups:run',
  params: PlanParams,
  idempotent: true,
  success: { status: 202, body: FleetBackupStarted },
  errors: ['not_found', 'run_in_progress'],
  async handle({ params, actor }, { once, workflows }) {
    const started = await once(async (em) => ({
      runId: await openFleetBackupNow(em, params.plan, new Date(await registryTime(em)), actor),
    }));
    await workflows.start(started.runId);
    return started;
  },
});
