import { License } from '#contracts/licenses/licenses.ts';
import { cancelAtEnd } from '#domain/licenses/renewing/cancelAtEnd.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const cancelLicenseAtTermEnd = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/cancel-at-term-end',
  summary: 'Let a licence end with its term: it is not renewed',
  permission: 'licenses:renew',
  scope: 'license',
  params: LicenseParams,
  idempotent: true,
  success: { status: 200, body: License },
  errors: ['not_found', 'license_over', 'license_not_renewable', 'license_renewing'],
  handle: ({ params: { licenseId }, actor }, { once }) =>
    once(async (em) => {
      await cancelAtEnd(em, licenseId, actor);
      return viewLicense(em, licenseId, new Date());
    }),
});
