import { z } from 'zod';
import { DrillReport } from '#contracts/backups/drillReports.ts';
import { viewDrill } from '#domain/backups/reports/viewDrill.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readTenantDrill = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/drills/{drillId}',
  summary: 'Read one drill: what it restored, every check, RPO and RTO, and what was left of it',
  permission: 'backups:read',
  scope: 'tenant',
  params: TenantParams.extend({ drillId: z.uuid() }),
  success: { status: 200, body: DrillReport },
  errors: ['not_found'],
  handle: ({ params: { tenantId, drillId } }, { em }) => viewDrill(em, tenantId, drillId),
});
