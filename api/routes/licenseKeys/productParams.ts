import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';

export const ProductParams = z.strictObject({ product: Name });
/** A thumbprint (RFC 7638), base64url. */
export const ProductKeyParams = z.strictObject({ product: Name, kid: z.string().regex(/^[\w-]{1,100}$/, 'is no key') });
