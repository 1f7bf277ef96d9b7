import { License } from '#contracts/licenses/licenses.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const readLicense = defineRoute({
  method: 'get',
  path: '/api/v1/licenses/{licenseId}',
  summary: 'Read a licence',
  permission: 'licenses:read',
  scope: 'license',
  params: LicenseParams,
  success: { status: 200, body: License },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewLicense(em, params.licenseId, new Date()),
});
