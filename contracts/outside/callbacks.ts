import { z } from 'zod';

/** How a call that was taken with 202 ended. */
export const CallbackAnswer = z.strictObject({
  outcome: z.enum(['done', 'failed']),
  output: z.unknown().optional().describe("JSON as the step's output schema asks for; kept when the outcome is `done`"),
});
export type CallbackAnswer = z.infer<typeof CallbackAnswer>;
