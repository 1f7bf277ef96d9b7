import { LicenseAnalytics, LicenseAnalyticsQuery } from '#contracts/licenses/analytics.ts';
import { viewAnalytics } from '#domain/licenses/analytics/viewAnalytics.ts';
import { defineRoute } from '../../route.ts';

export const readLicenseAnalytics = defineRoute({
  method: 'get',
  path: '/api/v1/license-analytics',
  summary: 'Read what licences are worth, which end soon, seats in use and how many terms were renewed',
  permission: 'licenses:read',
  scope: 'reach',
  query: LicenseAnalyticsQuery,
  success: { status: 200, body: LicenseAnalytics },
  errors: [],
  handle: ({ query, reach }, { em }) => viewAnalytics(em, { ...query, reach }, new Date()),
});
