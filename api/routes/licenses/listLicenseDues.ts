import { LicenseDues } from '#contracts/licenses/dues.ts';
import { viewDues } from '#domain/licenses/dues/viewDues.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const listLicenseDues = defineRoute({
  method: 'get',
  path: '/api/v1/licenses/{licenseId}/dues',
  summary: 'What happened to a licence at its time, and what is still to come',
  permission: 'licenses:read',
  scope: 'license',
  params: LicenseParams,
  success: { status: 200, body: LicenseDues },
  errors: ['not_found'],
  handle: async ({ params: { licenseId } }, { em }) => ({ items: await viewDues(em, licenseId) }),
});
