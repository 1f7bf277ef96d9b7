import { NewOwnershipChange } from '#contracts/life/ownership.ts';
import { RunStarted } from '#contracts/runs.ts';
import { askOwnership } from '#domain/ownership/askOwnership.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const changeOwnership = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/ownership-changes',
  summary: 'Ask somebody to own a tenant; it is handed over when they agree',
  permission: 'tenants:transfer',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewOwnershipChange,
  idempotent: true,
  approval: 'transfer_tenant',
  success: { status: 202, body: RunStarted },
  errors: [
    'not_found',
    'tenant_not_active',
    'confirmation_mismatch',
    'ownership_same',
    'ownership_nobody',
    'person_not_active',
    'run_in_progress',
  ],
  async handle({ params: { tenantId }, body, actor }, { once, platform, workflows }) {
    await platform.tenantKeys.find(tenantId);
    const started = await once((em) => askOwnership(em, platform, tenantId, body, actor));
    await workflows.start(started.runId);
    return started;
  },
});
