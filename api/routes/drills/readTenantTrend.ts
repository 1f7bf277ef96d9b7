import { RecoveryTrend, TrendQuery } from '#contracts/backups/trends.ts';
import { viewTenantTrend } from '#domain/backups/reports/viewTrend.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readTenantTrend = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/recovery-trend',
  summary: 'RPO and RTO of a tenant day by day, beside what its plan promises',
  permission: 'backups:read',
  scope: 'tenant',
  params: TenantParams,
  query: TrendQuery,
  success: { status: 200, body: RecoveryTrend },
  errors: ['not_found'],
  handle: ({ params: { tenantId }, query: { days } }, { em }) => viewTenantTrend(em, tenantId, days),
});
