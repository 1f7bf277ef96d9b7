import { PlatformRunStarted } from '#contracts/findings/drift.ts';
import { openSweep } from '#domain/orphans/sweep.ts';
import { defineRoute } from '../../route.ts';

export const startOrphanSweep = defineRoute({
  method: 'post',
  path: '/api/v1/orphans/sweeps',
  summary: 'Compare what is outside with the registry, both ways',
  permission: 'drift:check',
  idempotent: true,
  success: { status: 202, body: PlatformRunStarted },
  errors: ['run_in_progress'],
  async handle({ actor }, { once, workflows }) {
    const runId = await once((em) => openSweep(em, null, actor));
    await workflows.start(runId);
    return { runId };
  },
});
