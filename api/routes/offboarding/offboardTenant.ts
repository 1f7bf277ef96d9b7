import { NewOffboarding } from '#contracts/offboarding/offboarding.ts';
import { RunStarted } from '#contracts/runs.ts';
import { openOffboarding } from '#domain/offboarding/openOffboarding.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const offboardTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/offboarding',
  summary: 'Let a tenant go: a copy of everything, a time in which it can be undone, then the erasure',
  permission: 'tenants:offboard',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewOffboarding,
  idempotent: true,
  approval: 'erase_tenant',
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'confirmation_mismatch', 'tenant_erased', 'tenant_not_active', 'run_in_progress'],
  async handle({ params, body, actor }, { once, workflows, platform }) {
    const started = await once((em) => openOffboarding(em, platform.configuration, params.tenantId, body, actor));
    await workflows.start(started.runId);
    return started;
  },
});
