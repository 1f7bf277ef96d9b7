import { z } from 'zod';

export const SigningSecret = z.object({
  id: z.uuid(),
  hint: z.string().describe('Its last characters'),
  createdAt: z.iso.datetime(),
  retiresAt: z.iso.datetime().nullable().describe('Until when it signs along with the one that replaced it'),
});
export type SigningSecret = z.infer<typeof SigningSecret>;

export const IssuedSigningSecret = SigningSecret.extend({
  secret: z.string().describe('`whsec_` and base64, as Standard Webhooks libraries take it; shown this once'),
});
export type IssuedSigningSecret = z.infer<typeof IssuedSigningSecret>;

export const SigningSecrets = z.object({ items: z.array(SigningSecret) });
export type SigningSecrets = z.infer<typeof SigningSecrets>;
