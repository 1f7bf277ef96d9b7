import { LicenseUses, LicenseUsesQuery } from '#contracts/licenses/uses.ts';
import { viewUses } from '#domain/licenses/using/viewUses.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const listLicenseUses = defineRoute({
  method: 'get',
  path: '/api/v1/licenses/{licenseId}/uses',
  summary: 'List the seats and machines that are checked out of a licence',
  permission: 'licenses:read',
  scope: 'license',
  params: LicenseParams,
  query: LicenseUsesQuery,
  success: { status: 200, body: LicenseUses },
  errors: ['not_found'],
  handle: ({ params: { licenseId }, query }, { em }) => viewUses(em, licenseId, query, new Date()),
});
