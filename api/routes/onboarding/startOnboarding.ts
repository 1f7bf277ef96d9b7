import { RunStarted } from '#contracts/runs.ts';
import { startOnboarding as start } from '#domain/onboarding/openOnboarding.ts';
import { slugOf } from '#domain/tenants/addresses.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const startOnboarding = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/onboarding',
  summary: 'Begin the onboarding of a tenant, also once more',
  permission: 'onboarding:manage',
  scope: 'tenant',
  params: TenantParams,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'tenant_not_active', 'run_in_progress', 'onboarding_over'],
  async handle({ params: { tenantId }, actor }, { once, workflows }) {
    const started = await once(async (em) => ({
      runId: await start(em, tenantId, actor),
      tenantId,
      slug: await slugOf(em, tenantId),
    }));
    await workflows.start(started.runId);
    return started;
  },
});
