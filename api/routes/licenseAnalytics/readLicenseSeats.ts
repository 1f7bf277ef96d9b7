import { LicenseAnalyticsQuery, SeatReport } from '#contracts/licenses/analytics.ts';
import { viewSeats } from '#domain/licenses/analytics/viewUsage.ts';
import { defineRoute } from '../../route.ts';

export const readLicenseSeats = defineRoute({
  method: 'get',
  path: '/api/v1/license-analytics/seats',
  summary: 'Read how many seats and machines tenants use',
  permission: 'licenses:read',
  scope: 'reach',
  query: LicenseAnalyticsQuery,
  success: { status: 200, body: SeatReport },
  errors: [],
  handle: async ({ query, reach }, { em }) => ({ items: await viewSeats(em, { ...query, reach }, new Date()) }),
});
