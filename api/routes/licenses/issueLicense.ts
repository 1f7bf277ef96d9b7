import { License, NewLicense } from '#contracts/licenses/licenses.ts';
import { issueLicense as issue } from '#domain/licenses/issueLicense.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { countLicense } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** Its key for people is read apart, so that no answer that is kept for repetition holds it. */
export const issueLicense = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/licenses',
  summary: 'Issue a licence to a tenant',
  permission: 'licenses:issue',
  scope: 'tenant',
  params: TenantParams,
  body: NewLicense,
  idempotent: true,
  success: { status: 201, body: License },
  errors: ['not_found', 'tenant_not_active', 'license_policy_missing', 'license_policy_unknown'],
  async handle({ params: { tenantId }, body, actor }, { once, platform }) {
    await platform.tenantKeys.find(tenantId); // inside the transaction it would want a second connection
    const now = new Date();
    const issued = await once(async (em) => {
      const id = await issue(em, platform, { tenantId, wanted: body, now }, actor);
      return viewLicense(em, id, now);
    });
    countLicense('issued');
    return issued;
  },
});
