import { License } from '#contracts/licenses/licenses.ts';
import { keepLicense as keep } from '#domain/licenses/renewing/cancelAtEnd.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const keepLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/keep',
  summary: 'Take back that a licence ends with its term',
  permission: 'licenses:renew',
  scope: 'license',
  params: LicenseParams,
  idempotent: true,
  success: { status: 200, body: License },
  errors: ['not_found', 'license_over'],
  handle: ({ params: { licenseId }, actor }, { once }) =>
    once(async (em) => {
      await keep(em, licenseId, actor);
      return viewLicense(em, licenseId, new Date());
    }),
});
