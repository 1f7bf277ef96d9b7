import { LicenseCheckOut, LicenseUse } from '#contracts/licenses/uses.ts';
import { checkOut } from '#domain/licenses/using/uses.ts';
import { countUse } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute } from '../../route.ts';

/** Asked again for the same holder it answers with what is checked out already. */
export const checkOutLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/check-out',
  summary: 'Take a seat of a licence, or let a machine in',
  permission: 'licenses:use',
  scope: 'reach',
  body: LicenseCheckOut,
  success: { status: 200, body: LicenseUse },
  errors: ['not_found', 'license_not_valid', 'license_seats_exceeded', 'license_machine_taken'],
  async handle({ body, reach }, { em, platform }) {
    const use = await em.transactional((tx) => checkOut(tx, platform.installation.keyring, body, reach, new Date()));
    countUse('checked_out');
    return use;
  },
});
