import { RestorePlan, RestoreQuestion } from '#contracts/backups/restores.ts';
import { planRestore } from '#domain/backups/restoring/planRestore.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const planTenantRestore = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/restores/plan',
  summary: 'Ask what a restore would do, and write nothing',
  permission: 'backups:restore',
  scope: 'tenant',
  params: TenantParams,
  body: RestoreQuestion,
  success: { status: 200, body: RestorePlan },
  errors: [
    'not_found',
    'tenant_erased',
    'backup_not_found',
    'backup_damaged',
    'backup_incomplete',
    'backup_truncated',
    'backup_wrong_key',
    'backup_wrong_tenant',
    'backup_forged',
    'backup_signer_unknown',
    'backup_format_unknown',
    'backup_empty',
    'backup_place_gone',
    'backup_place_refused',
  ],
  handle: ({ params: { tenantId }, body }, { em, platform }) =>
    planRestore(em, { keys: platform.tenantKeys, place: openPlace(platform.configuration.backups) }, tenantId, body),
});
