import { PlatformRunStarted } from '#contracts/findings/drift.ts';
import { NewFleetRun } from '#contracts/fleet/migrations.ts';
import { openFleetRun } from '#domain/fleet/openFleetRun.ts';
import { defineRoute } from '../../route.ts';

export const startFleetMigration = defineRoute({
  method: 'post',
  path: '/api/v1/fleet/runs',
  summary: 'Bring all tenants to a version, wave by wave',
  permission: 'tenants:migrate',
  stepUp: true,
  body: NewFleetRun,
  idempotent: true,
  approval: 'migrate_fleet',
  success: { status: 202, body: PlatformRunStarted },
  errors: ['migrations_refused', 'migrations_moved', 'fleet_current', 'run_in_progress'],
  async handle({ body, actor }, { once, workflows }) {
    const runId = await once((em) => openFleetRun(em, body, actor));
    await workflows.start(runId);
    return { runId };
  },
});
