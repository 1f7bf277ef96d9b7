import { License, LicenseOverrideChange } from '#contracts/licenses/licenses.ts';
import { overrideEntitlement } from '#domain/licenses/changing/overrideEntitlement.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { countLicense } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

/** The licence is signed anew. */
export const overrideLicenseEntitlement = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/overrides',
  summary: 'Grant one licence something else than its policy does, for a while or until it is taken back',
  permission: 'licenses:manage',
  scope: 'license',
  params: LicenseParams,
  body: LicenseOverrideChange,
  idempotent: true,
  success: { status: 200, body: License },
  errors: ['not_found', 'license_over'],
  async handle({ params: { licenseId }, body, actor }, { once, platform }) {
    const now = new Date();
    const changed = await once(async (em) => {
      await overrideEntitlement(em, platform.installation, { id: licenseId, change: body, now }, actor);
      return viewLicense(em, licenseId, now);
    });
    countLicense('overridden');
    return changed;
  },
});
