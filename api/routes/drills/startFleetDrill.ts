import { FleetDrillStarted, NewFleetDrill } from '#contracts/backups/drillReports.ts';
import { openFleetDrill } from '#domain/backups/drills/openFleetDrill.ts';
import { defineRoute } from '../../route.ts';

/** Whatever the clock and pauses say of them; few at once. */
export const startFleetDrill = defineRoute({
  method: 'post',
  path: '/api/v1/drills',
  summary: 'Prove the backups of all tenants, or of those of a plan, now',
  permission: 'backups:manage',
  body: NewFleetDrill,
  idempotent: true,
  success: { status: 202, body: FleetDrillStarted },
  errors: ['not_found', 'run_in_progress'],
  async handle({ body, actor }, { once, workflows }) {
    const started = await once(async (em) => ({ runId: await openFleetDrill(em, body.plan ?? null, actor) }));
    await workflows.start(started.runId);
    return started;
  },
});
