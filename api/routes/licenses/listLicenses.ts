import { LicensePage, LicenseQuery } from '#contracts/licenses/licenses.ts';
import { listLicenses as list } from '#domain/licenses/viewLicenses.ts';
import { defineRoute } from '../../route.ts';

export const listLicenses = defineRoute({
  method: 'get',
  path: '/api/v1/licenses',
  summary: 'List licences, by tenant, product, plan, state and end',
  permission: 'licenses:read',
  scope: 'reach',
  query: LicenseQuery,
  success: { status: 200, body: LicensePage },
  errors: [],
  handle: ({ query, reach }, { em }) => list(em, query, reach, new Date()),
});
