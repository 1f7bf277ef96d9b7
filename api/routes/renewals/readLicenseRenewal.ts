import { Renewal } from '#contracts/licenses/renewals.ts';
import { viewRenewal } from '#domain/licenses/renewing/viewRenewals.ts';
import { defineRoute, RenewalParams } from '../../route.ts';

export const readLicenseRenewal = defineRoute({
  method: 'get',
  path: '/api/v1/license-renewals/{renewalId}',
  summary: 'Read a renewal of a licence',
  permission: 'billing:read',
  scope: 'renewal',
  params: RenewalParams,
  success: { status: 200, body: Renewal },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewRenewal(em, params.renewalId),
});
