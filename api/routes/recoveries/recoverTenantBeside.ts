import { NewRecoveryBeside, RecoveryStarted } from '#contracts/recovery/recoveries.ts';
import { findTenantTarget } from '#domain/access/tenantTarget.ts';
import { openRecovery } from '#domain/physical/recoveries/openRecovery.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** Besides restoring, who asks needs what creating a tenant of this plan needs: there is one more afterwards. */
export const recoverTenantBeside = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/recoveries/beside',
  summary: 'Make a tenant of its own from this one as it was at a moment',
  permission: 'backups:restore',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewRecoveryBeside,
  idempotent: true,
  success: { status: 202, body: RecoveryStarted },
  errors: [
    'not_found',
    'forbidden',
    'tenant_not_active',
    'slug_taken',
    'run_in_progress',
    'physical_off',
    'physical_too_early',
    'physical_too_late',
    'physical_in_gap',
  ],
  async handle({ params: { tenantId }, body, actor, demand }, { once, em, platform, workflows }) {
    const target = await findTenantTarget(em, tenantId);
    demand('tenants:create', { plan: target?.plan ?? null }, 'plan');
    const { tenantKeys: keys, configuration } = platform;
    await keys.find(tenantId); // inside the transaction it would want a second connection
    const { at, ...wish } = body;
    const wanted = { tenantId, at: new Date(at), mode: 'beside', wish } as const;
    const started = await once((tx) => openRecovery(tx, { keys, configuration }, wanted, actor));
    await workflows.start(started.runId);
    return started;
  },
});
