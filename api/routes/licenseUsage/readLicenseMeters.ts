import { LicenseMeters } from '#contracts/licenses/usage.ts';
import { viewMeters } from '#domain/licenses/usage/viewMeters.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

export const readLicenseMeters = defineRoute({
  method: 'get',
  path: '/api/v1/licenses/{licenseId}/meters',
  summary: 'Read what a licence used of its meters in their present periods',
  permission: 'licenses:read',
  scope: 'license',
  params: LicenseParams,
  success: { status: 200, body: LicenseMeters },
  errors: ['not_found'],
  handle: async ({ params }, { em }) => ({ items: await viewMeters(em, params.licenseId, new Date()) }),
});
