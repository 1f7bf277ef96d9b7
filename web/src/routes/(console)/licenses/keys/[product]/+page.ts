import { error } from '@sveltejs/kit';
import type { LicenseKeys, LicenseProduct } from '#contracts/licenses/keys.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const name = event.params.product;
  // Anybody may keep the keys for a while; whoever rotates them wants to see what is so now.
  const anew: typeof fetch = (input, init) => event.fetch(input, { ...init, cache: 'no-store' });
  const [products, { keys }] = await Promise.all([
    read<{ items: LicenseProduct[] }>(event, '/api/v1/license-products'),
    read<LicenseKeys>(
      { fetch: anew, url: event.url, untrack: (see) => event.untrack(see) },
      `/api/v1/license-products/${encodeURIComponent(name)}/keys`,
    ),
  ]);
  const product = products.items.find((one) => one.name === name);
  if (!product) error(404, 'There is no such product.');
  return { product, keys };
};
