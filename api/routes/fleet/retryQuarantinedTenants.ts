import { PlatformRunStarted } from '#contracts/findings/drift.ts';
import { Quarantined } from '#contracts/fleet/migrations.ts';
import { retryQuarantined } from '#domain/fleet/quarantine.ts';
import { defineRoute } from '../../route.ts';

/** No further than the version that the run was started for which set them aside: what was approved then is what is tried again. */
export const retryQuarantinedTenants = defineRoute({
  method: 'post',
  path: '/api/v1/fleet/quarantine/retry',
  summary: 'Try tenants in quarantine again',
  permission: 'tenants:migrate',
  stepUp: true,
  body: Quarantined,
  idempotent: true,
  success: { status: 202, body: PlatformRunStarted },
  errors: ['tenant_not_quarantined', 'migrations_refused', 'run_in_progress'],
  async handle({ body, actor }, { once, workflows }) {
    const runId = await once((em) => retryQuarantined(em, body.tenantIds, actor));
    await workflows.start(runId);
    return { runId };
  },
});
