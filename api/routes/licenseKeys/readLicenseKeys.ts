import { LicenseKeys } from '#contracts/licenses/keys.ts';
import { listLicenseKeys } from '#domain/licenses/keys/signingKeys.ts';
import { defineRoute } from '../../route.ts';
import { ProductParams } from './productParams.ts';

export const readLicenseKeys = defineRoute({
  method: 'get',
  path: '/api/v1/license-products/{product}/keys',
  summary: "The keys by which a product's licences are verified, as JWKs and as PEM",
  permission: 'public',
  params: ProductParams,
  success: { status: 200, body: LicenseKeys },
  // A key that is compromised is to be missed within minutes.
  cacheControl: 'public, max-age=300',
  errors: ['not_found'],
  handle: async ({ params: { product } }, { em, platform }) => ({
    product,
    keys: await listLicenseKeys(em, platform.installation, product, new Date()),
  }),
});
