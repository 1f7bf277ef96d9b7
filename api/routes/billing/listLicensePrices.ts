import { LicensePrices } from '#contracts/licenses/billing.ts';
import { listPrices } from '#domain/billing/prices.ts';
import { defineRoute } from '../../route.ts';
import { PolicyVersionParams } from './policyVersionParams.ts';

export const listLicensePrices = defineRoute({
  method: 'get',
  path: '/api/v1/license-policies/{name}/versions/{version}/prices',
  summary: 'What a term costs by a version of a licence policy, and what it cost before',
  permission: 'billing:read',
  params: PolicyVersionParams,
  success: { status: 200, body: LicensePrices },
  errors: ['not_found'],
  handle: async ({ params }, { em }) => ({ policy: params, items: await listPrices(em, params) }),
});
