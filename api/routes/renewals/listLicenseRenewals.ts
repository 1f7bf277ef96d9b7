import { RenewalPage, RenewalQuery } from '#contracts/licenses/renewals.ts';
import { listRenewals } from '#domain/licenses/renewing/viewRenewals.ts';
import { defineRoute } from '../../route.ts';

export const listLicenseRenewals = defineRoute({
  method: 'get',
  path: '/api/v1/license-renewals',
  summary: 'List renewals of licences, the newest first',
  permission: 'billing:read',
  scope: 'reach',
  query: RenewalQuery,
  success: { status: 200, body: RenewalPage },
  errors: [],
  handle: ({ query, reach }, { em }) => listRenewals(em, query, reach),
});
