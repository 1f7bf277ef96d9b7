import { NewDriftCheck, PlatformRunStarted } from '#contracts/findings/drift.ts';
import { openCheck } from '#domain/drift/check.ts';
import { defineRoute } from '../../route.ts';

export const startDriftCheck = defineRoute({
  method: 'post',
  path: '/api/v1/drift/checks',
  summary: 'Compare the resources of one tenant, or of all, with what was made',
  permission: 'drift:check',
  scope: 'tenant',
  body: NewDriftCheck,
  idempotent: true,
  success: { status: 202, body: PlatformRunStarted },
  errors: ['not_found', 'run_in_progress'],
  async handle({ body, actor }, { once, workflows }) {
    const runId = await once((em) => openCheck(em, body.tenantId ?? null, actor));
    await workflows.start(runId);
    return { runId };
  },
});
