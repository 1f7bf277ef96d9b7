import { RunStarted } from '#contracts/runs.ts';
import { openRepair } from '#domain/drift/repair.ts';
import { slugOf } from '#domain/tenants/addresses.ts';
import { defineRoute, FindingParams } from '../../route.ts';

export const repairDriftFinding = defineRoute({
  method: 'post',
  path: '/api/v1/drift/findings/{findingId}/repair',
  summary: 'Bring the resource of a finding back to what was made',
  permission: 'drift:repair',
  scope: 'finding',
  params: FindingParams,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'finding_closed', 'finding_not_repairable', 'run_in_progress'],
  async handle({ params, actor }, { once, workflows }) {
    const started = await once(async (em) => {
      const opened = await openRepair(em, params.findingId, actor);
      return { ...opened, slug: await slugOf(em, opened.tenantId) };
    });
    await workflows.start(started.runId);
    return started;
  },
});
