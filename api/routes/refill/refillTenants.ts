import { PlatformRunStarted } from '#contracts/findings/drift.ts';
import { openRefill } from '#domain/backups/refilling/openRefill.ts';
import { defineRoute } from '../../route.ts';

export const refillTenants = defineRoute({
  method: 'post',
  path: '/api/v1/platform/refill',
  summary: 'Fill every tenant again whose data was lost, from its newest good backup',
  permission: 'platform:recover',
  stepUp: true,
  idempotent: true,
  success: { status: 202, body: PlatformRunStarted },
  errors: ['run_in_progress'],
  async handle({ actor }, { once, workflows }) {
    const runId = await once((em) => openRefill(em, actor));
    await workflows.start(runId);
    return { runId };
  },
});
