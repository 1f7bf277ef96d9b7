import { NewMomentCopy, RecoveryStarted } from '#contracts/recovery/recoveries.ts';
import { openRecovery } from '#domain/physical/recoveries/openRecovery.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** The tenant stays as it is: what comes of it is a backup, of which a part can be restored too. */
export const copyTenantOfMoment = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/recoveries/copy',
  summary: 'Make a backup of a tenant as it was at a moment',
  permission: 'backups:restore',
  scope: 'tenant',
  params: TenantParams,
  body: NewMomentCopy,
  idempotent: true,
  success: { status: 202, body: RecoveryStarted },
  errors: [
    'not_found',
    'tenant_not_active',
    'run_in_progress',
    'physical_off',
    'physical_too_early',
    'physical_too_late',
    'physical_in_gap',
  ],
  async handle({ params: { tenantId }, body, actor }, { once, platform, workflows }) {
    const { tenantKeys: keys, configuration } = platform;
    const wanted = { tenantId, at: new Date(body.at), mode: 'copy' } as const;
    const started = await once((em) => openRecovery(em, { keys, configuration }, wanted, actor));
    await workflows.start(started.runId);
    return started;
  },
});
