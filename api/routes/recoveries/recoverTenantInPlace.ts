import { NewRecovery, RecoveryStarted } from '#contracts/recovery/recoveries.ts';
import { openRecovery } from '#domain/physical/recoveries/openRecovery.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** The doors stay open until the copy of that moment is there: only then the restore in place begins, with its own way back. */
export const recoverTenantInPlace = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/recoveries',
  summary: 'Replace what a tenant has by what it was at a moment',
  permission: 'backups:restore',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewRecovery,
  idempotent: true,
  approval: 'restore_in_place',
  success: { status: 202, body: RecoveryStarted },
  errors: [
    'not_found',
    'tenant_not_active',
    'confirmation_mismatch',
    'offboarding_open',
    'run_in_progress',
    'physical_off',
    'physical_too_early',
    'physical_too_late',
    'physical_in_gap',
  ],
  async handle({ params: { tenantId }, body, actor }, { once, platform, workflows }) {
    const { tenantKeys: keys, configuration } = platform;
    const wanted = { tenantId, at: new Date(body.at), mode: 'in_place', confirm: body.confirm } as const;
    const started = await once((em) => openRecovery(em, { keys, configuration }, wanted, actor));
    await workflows.start(started.runId);
    return started;
  },
});
