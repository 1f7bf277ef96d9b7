import { LicensePrices, NewLicensePrice } from '#contracts/licenses/billing.ts';
import { listPrices, setPrice } from '#domain/billing/prices.ts';
import { defineRoute } from '../../route.ts';
import { PolicyVersionParams } from './policyVersionParams.ts';

export const setLicensePrice = defineRoute({
  method: 'post',
  path: '/api/v1/license-policies/{name}/versions/{version}/prices',
  summary: 'Say what a term costs by a version of a licence policy, from now on',
  permission: 'billing:manage',
  params: PolicyVersionParams,
  body: NewLicensePrice,
  idempotent: true,
  success: { status: 201, body: LicensePrices },
  errors: ['not_found'],
  handle: ({ params, body, actor }, { once }) =>
    once(async (em) => {
      await setPrice(em, params, body, actor);
      return { policy: params, items: await listPrices(em, params) };
    }),
});
