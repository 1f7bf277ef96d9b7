import { HumanLicenseKey } from '#contracts/licenses/licenses.ts';
import { humanKeyOf } from '#domain/licenses/humanKeys.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const readLicenseKey = defineRoute({
  method: 'get',
  path: '/api/v1/licenses/{licenseId}/key',
  summary: 'Read the key that people type for a licence',
  permission: 'licenses:issue',
  scope: 'license',
  params: LicenseParams,
  success: { status: 200, body: HumanLicenseKey },
  errors: ['not_found', 'license_over', 'tenant_not_active'],
  handle: async ({ params: { licenseId } }, { em, platform }) => ({
    licenseId,
    key: await humanKeyOf(em, platform.tenantKeys, licenseId),
  }),
});
