import { License, LicenseReissue } from '#contracts/licenses/licenses.ts';
import { reissueLicense as reissue } from '#domain/licenses/changing/reissueLicense.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { countLicense } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

/** Its dates stay as they are. */
export const reissueLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/reissue',
  summary: 'Sign a licence anew, also by another version of its policy',
  permission: 'licenses:issue',
  scope: 'license',
  params: LicenseParams,
  body: LicenseReissue,
  idempotent: true,
  success: { status: 200, body: License },
  errors: ['not_found', 'license_over', 'license_policy_unknown'],
  async handle({ params: { licenseId }, body, actor }, { once, platform }) {
    const now = new Date();
    const changed = await once(async (em) => {
      await reissue(em, platform.installation, { id: licenseId, wanted: body, now }, actor);
      return viewLicense(em, licenseId, now);
    });
    countLicense('reissued');
    return changed;
  },
});
