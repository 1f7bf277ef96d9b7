import { z } from 'zod';

/** How a call that was taken with 202 ended. */
export const CallbackAnswer = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('done'), output: z.json().optional() }),
  z.strictObject({ outcome: z.literal('failed') }),
]);
export type CallbackAnswer = z.infer<typeof CallbackAnswer>;
