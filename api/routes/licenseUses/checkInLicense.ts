import { LicenseCheckIn, LicenseUseRef } from '#contracts/licenses/uses.ts';
import { checkIn } from '#domain/licenses/using/uses.ts';
import { countUse } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute } from '../../route.ts';

export const checkInLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/check-in',
  summary: 'Give back a seat or a machine',
  permission: 'licenses:use',
  scope: 'reach',
  body: LicenseUseRef,
  success: { status: 200, body: LicenseCheckIn },
  errors: [],
  async handle({ body, reach }, { em }) {
    const released = await checkIn(em, body.useId, reach);
    if (released) countUse('checked_in');
    return { released };
  },
});
