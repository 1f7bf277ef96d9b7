import { z } from 'zod';

const Base64 = z.base64();

/** A payload as Temporal's JSON writes it: what it is in `metadata`, what it says in `data`, both base64. */
export const EncodedPayload = z.object({
  metadata: z.record(z.string().max(200), Base64).nullish(),
  data: Base64.nullish(),
});
export type EncodedPayload = z.infer<typeof EncodedPayload>;

export const mostPayloads = 500;

/** What Temporal's remote codecs are asked with, and answer with: as many payloads, in the same order. */
export const EncodedPayloads = z.strictObject({ payloads: z.array(EncodedPayload).max(mostPayloads) });
export type EncodedPayloads = z.infer<typeof EncodedPayloads>;
