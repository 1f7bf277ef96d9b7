import { RunStarted } from '#contracts/runs.ts';
import { TenantRemoval } from '#contracts/tenants.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const deleteTenant = defineRoute({
  method: 'delete',
  path: '/api/v1/tenants/{tenantId}',
  summary: 'Remove a tenant and everything it owns, at once',
  permission: 'tenants:delete',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: TenantRemoval,
  idempotent: true,
  approval: 'erase_tenant',
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'confirmation_mismatch', 'tenant_erased', 'run_in_progress', 'legal_hold', 'offboarding_open'],
  async handle({ params, body, actor }, { once, workflows }) {
    const started = await once((em) => openRemoval(em, params.tenantId, body.confirm, actor));
    await workflows.start(started.runId);
    return started;
  },
});
