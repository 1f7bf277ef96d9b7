import { UsageQuery, UsageReport } from '#contracts/licenses/analytics.ts';
import { viewUsage } from '#domain/licenses/analytics/viewUsage.ts';
import { defineRoute } from '../../route.ts';

export const readLicenseUsage = defineRoute({
  method: 'get',
  path: '/api/v1/license-analytics/usage',
  summary: 'Read what meters measured, by the hour or the day, and by tenant',
  permission: 'licenses:read',
  scope: 'reach',
  query: UsageQuery,
  success: { status: 200, body: UsageReport },
  errors: [],
  handle: ({ query, reach }, { em }) => viewUsage(em, { ...query, reach }, query, new Date()),
});
