import { revocationListOf } from '#domain/licenses/keys/revocationList.ts';
import { defineDownload } from '../../route.ts';
import { ProductParams } from './productParams.ts';

export const readRevocationList = defineDownload({
  method: 'get',
  path: '/api/v1/license-products/{product}/revocations',
  summary: 'The signed list of revoked licences of a product',
  permission: 'public',
  params: ProductParams,
  download: { types: ['text/plain; charset=utf-8'] },
  // How long a revocation may take to be seen where somebody asks each time.
  cacheControl: 'public, max-age=60',
  errors: ['not_found'],
  async handle({ params: { product } }, { em, platform }) {
    const { text } = await revocationListOf(em, platform.installation, product, new Date());
    return { type: 'text/plain; charset=utf-8', fileName: `${product}.revocations`, pieces: oneByOne(text) };
  },
});

async function* oneByOne(...pieces: string[]): AsyncIterable<string> {
  yield* pieces;
}
