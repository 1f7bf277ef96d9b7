import { LicenseKeyRotation, LicenseKeys } from '#contracts/licenses/keys.ts';
import { listLicenseKeys, rotateLicenseKey as rotate } from '#domain/licenses/keys/signingKeys.ts';
import { defineRoute } from '../../route.ts';
import { ProductParams } from './productParams.ts';

/** Licences that were signed stay as they are; those of a compromised key must be reissued. */
export const rotateLicenseKey = defineRoute({
  method: 'post',
  path: '/api/v1/license-products/{product}/keys/rotate',
  summary: 'Make the next key that signs the licences of a product: published now, used later',
  permission: 'licenses:policies',
  stepUp: true,
  params: ProductParams,
  body: LicenseKeyRotation,
  idempotent: true,
  success: { status: 201, body: LicenseKeys },
  errors: ['not_found', 'license_key_rotating'],
  handle: async ({ params: { product }, body, actor }, { once, platform: { installation } }) =>
    once(async (em) => {
      const now = new Date();
      await rotate(em, installation, product, { ...body, now }, actor);
      return { product, keys: await listLicenseKeys(em, installation, product, now) };
    }),
});
