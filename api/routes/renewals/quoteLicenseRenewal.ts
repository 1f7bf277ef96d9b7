import { NewRenewal, RenewalQuote } from '#contracts/licenses/renewals.ts';
import { findLicense, refuseOver } from '#domain/licenses/licenseRow.ts';
import { quoteRenewal } from '#domain/licenses/renewing/quoteRenewal.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

/** Writes nothing: the price and the end, as they would be now. */
export const quoteLicenseRenewal = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/renewals/quote',
  summary: 'What a renewal, a common end or an upgrade would cost',
  permission: 'billing:read',
  scope: 'license',
  params: LicenseParams,
  body: NewRenewal,
  success: { status: 200, body: RenewalQuote },
  errors: ['not_found', 'license_over', 'license_not_renewable', 'license_policy_unknown', 'license_price_missing'],
  async handle({ params: { licenseId }, body }, { em }) {
    const licence = await findLicense(em, licenseId);
    refuseOver(licence);
    return (await quoteRenewal(em, licence, body, new Date())).quote;
  },
});
