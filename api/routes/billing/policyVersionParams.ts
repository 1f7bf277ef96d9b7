import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';

export const PolicyVersionParams = z.strictObject({
  name: Name,
  version: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});
