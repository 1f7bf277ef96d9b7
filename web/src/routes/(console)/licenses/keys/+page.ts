import type { LicenseProduct } from '#contracts/licenses/keys.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  products: (await read<{ items: LicenseProduct[] }>(event, '/api/v1/license-products')).items,
});
