import { HandOver, NewHandOver } from '#contracts/backups/arrivals.ts';
import { handOverBackup as handOver } from '#domain/backups/arriving/givingAway.ts';
import { countHandOver } from '#observability/backups/restoreMetrics.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const handOverBackup = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/hand-overs',
  summary: "Give another installation the key of a tenant's backups, sealed for its request",
  permission: 'backups:export',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  body: NewHandOver,
  idempotent: true,
  approval: 'hand_over_backup',
  success: { status: 201, body: HandOver },
  errors: [
    'not_found', 'tenant_erased', 'tenant_not_active', 'backup_not_found', 'backup_damaged', 'confirmation_mismatch', 'hand_over_own',
    'arrival_over',
  ], // prettier-ignore
  async handle({ params: { tenantId }, body, actor }, { once, platform }) {
    await platform.tenantKeys.find(tenantId); // inside the transaction it would want a second connection
    const given = await once((em) => handOver(em, platform, tenantId, body, actor));
    countHandOver();
    return given;
  },
});
