import { z } from 'zod';
import { LicenseProduct } from '#contracts/licenses/keys.ts';
import { listProducts } from '#domain/licenses/keys/listProducts.ts';
import { defineRoute } from '../../route.ts';

export const listLicenseProducts = defineRoute({
  method: 'get',
  path: '/api/v1/license-products',
  summary: 'List the products that licences are issued for',
  permission: 'licenses:read',
  success: { status: 200, body: z.object({ items: z.array(LicenseProduct) }) },
  errors: [],
  handle: async (_input, { em }) => ({ items: await listProducts(em) }),
});
