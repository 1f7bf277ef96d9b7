import { NewRenewal, Renewal } from '#contracts/licenses/renewals.ts';
import { openRenewal } from '#domain/licenses/renewing/openRenewal.ts';
import { viewRenewal } from '#domain/licenses/renewing/viewRenewals.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const renewLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/renewals',
  summary: "Renew a licence, bring it to another one's end, or upgrade it within its term",
  permission: 'licenses:renew',
  scope: 'license',
  params: LicenseParams,
  body: NewRenewal,
  idempotent: true,
  success: { status: 202, body: Renewal },
  errors: [
    'not_found',
    'license_over',
    'license_not_active',
    'license_not_renewable',
    'license_renewing',
    'license_policy_unknown',
    'license_price_missing',
    'tenant_not_active',
  ],
  async handle({ params: { licenseId }, body, actor }, { once, workflows }) {
    const opened = await once(async (em) => {
      const { renewalId } = await openRenewal(em, licenseId, { cause: 'asked', wanted: body }, actor);
      return viewRenewal(em, renewalId);
    });
    await workflows.start(opened.runId);
    return opened;
  },
});
