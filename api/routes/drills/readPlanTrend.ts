import { RecoveryTrend, TrendQuery } from '#contracts/backups/trends.ts';
import { viewPlanTrend } from '#domain/backups/reports/viewTrend.ts';
import { defineRoute } from '../../route.ts';
import { PlanParams } from '../backups/planParams.ts';

export const readPlanTrend = defineRoute({
  method: 'get',
  path: '/api/v1/plans/{plan}/recovery-trend',
  summary: 'RPO and RTO of the tenants of a plan day by day, beside what it promises',
  permission: 'backups:read',
  scope: 'reach',
  params: PlanParams,
  query: TrendQuery,
  success: { status: 200, body: RecoveryTrend },
  errors: ['not_found'],
  handle: ({ params: { plan }, query: { days }, reach }, { em }) => viewPlanTrend(em, plan, days, reach),
});
