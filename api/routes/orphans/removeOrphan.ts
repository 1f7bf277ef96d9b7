import { PlatformRunStarted } from '#contracts/findings/drift.ts';
import { openOrphanRemoval } from '#domain/orphans/removeOrphan.ts';
import { defineRoute, FindingParams } from '../../route.ts';

/** This is the approval: nothing is removed without one, and each approves one thing. */
export const removeOrphan = defineRoute({
  method: 'post',
  path: '/api/v1/orphans/findings/{findingId}/remove',
  summary: 'Approve the removal of an orphan',
  permission: 'orphans:remove',
  params: FindingParams,
  idempotent: true,
  success: { status: 202, body: PlatformRunStarted },
  errors: ['not_found', 'finding_closed', 'orphan_known', 'sweep_locked', 'run_in_progress'],
  async handle({ params, actor }, { once, workflows, platform }) {
    const { sweepGraceSeconds } = platform.configuration;
    const runId = await once((em) => openOrphanRemoval(em, params.findingId, sweepGraceSeconds, actor));
    await workflows.start(runId);
    return { runId };
  },
});
