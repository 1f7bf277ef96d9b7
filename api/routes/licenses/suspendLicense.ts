import { License } from '#contracts/licenses/licenses.ts';
import { suspendLicense as suspend } from '#domain/licenses/changing/changeState.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { countLicense } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

/** Its file says so from now on; older files are on the list of revocations. */
export const suspendLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/suspend',
  summary: 'Suspend a licence',
  permission: 'licenses:manage',
  scope: 'license',
  params: LicenseParams,
  idempotent: true,
  success: { status: 200, body: License },
  errors: ['not_found', 'license_over', 'license_not_active'],
  async handle({ params: { licenseId }, actor }, { once, platform }) {
    const now = new Date();
    const changed = await once(async (em) => {
      await suspend(em, platform.installation, licenseId, now, actor);
      return viewLicense(em, licenseId, now);
    });
    countLicense('suspended');
    return changed;
  },
});
