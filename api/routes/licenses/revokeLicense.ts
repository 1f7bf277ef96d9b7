import { License, LicenseRevocation } from '#contracts/licenses/licenses.ts';
import { revokeLicense as revoke } from '#domain/licenses/changing/changeState.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { countLicense } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

/** Nothing takes it back: another licence is issued instead. */
export const revokeLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/revoke',
  summary: 'Revoke a licence for good',
  permission: 'licenses:revoke',
  scope: 'license',
  stepUp: true,
  approval: 'revoke_license',
  params: LicenseParams,
  body: LicenseRevocation,
  idempotent: true,
  success: { status: 200, body: License },
  errors: ['not_found', 'license_over'],
  async handle({ params: { licenseId }, body, actor }, { once }) {
    const now = new Date();
    const changed = await once(async (em) => {
      await revoke(em, { id: licenseId, ...body, now }, actor);
      return viewLicense(em, licenseId, now);
    });
    countLicense('revoked');
    return changed;
  },
});
