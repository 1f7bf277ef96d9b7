import { License } from '#contracts/licenses/licenses.ts';
import { reinstateLicense as reinstate } from '#domain/licenses/changing/changeState.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { countLicense } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

/** The file must be fetched anew: those from before stay on the list of revocations. */
export const reinstateLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/reinstate',
  summary: 'Reinstate a suspended licence',
  permission: 'licenses:manage',
  scope: 'license',
  params: LicenseParams,
  idempotent: true,
  success: { status: 200, body: License },
  errors: ['not_found', 'license_over', 'license_not_suspended'],
  async handle({ params: { licenseId }, actor }, { once, platform }) {
    const now = new Date();
    const changed = await once(async (em) => {
      await reinstate(em, platform.installation, licenseId, now, actor);
      return viewLicense(em, licenseId, now);
    });
    countLicense('reinstated');
    return changed;
  },
});
