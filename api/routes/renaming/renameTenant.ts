import { TenantRename } from '#contracts/life/addresses.ts';
import { RunStarted } from '#contracts/runs.ts';
import { openRename } from '#domain/renaming/openRename.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const renameTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/rename',
  summary: 'Give a tenant another address; the old one leads to it for a while',
  permission: 'tenants:update',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: TenantRename,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'tenant_erased', 'tenant_not_active', 'confirmation_mismatch', 'slug_taken', 'run_in_progress'],
  async handle({ params: { tenantId }, body, actor }, { once, platform: { configuration }, workflows }) {
    const { redirectDays = configuration.addresses.redirectDays, slug, confirm } = body;
    const started = await once((tx) => openRename(tx, { tenantId, slug, redirectDays, confirm }, actor));
    await workflows.start(started.runId);
    return started;
  },
});
