import { LicenseHistory, LicenseHistoryQuery } from '#contracts/licenses/history.ts';
import { viewHistory } from '#domain/licenses/viewing/viewHistory.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const listLicenseHistory = defineRoute({
  method: 'get',
  path: '/api/v1/licenses/{licenseId}/history',
  summary: 'List what happened to a licence, newest first',
  permission: 'licenses:read',
  scope: 'license',
  params: LicenseParams,
  query: LicenseHistoryQuery,
  success: { status: 200, body: LicenseHistory },
  errors: ['not_found'],
  handle: ({ params: { licenseId }, query }, { em }) => viewHistory(em, licenseId, query),
});
