import { z } from 'zod';

const secrets = z
  .string()
  .transform((text) => text.split(',').map((secret) => secret.trim()))
  .refine((all) => all.every((secret) => /^whsec_\w+$/.test(secret)), 'must be whsec_…, several separated by commas');

export const billingVariables = {
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(?:sk|rk)_\w+$/, 'must be a secret or restricted key of Stripe')
    .optional(),
  STRIPE_WEBHOOK_SECRETS: secrets.optional(),
  STRIPE_API_URL: z.url({ protocol: /^https?$/ }).default('https://api.stripe.com'),
};
type Variables = z.output<z.ZodObject<typeof billingVariables>>;

export interface BillingSettings {
  stripe: {
    /** Of the worker alone; null: nobody pays by card. */
    secretKey: string | null;
    /** By which messages are known to be Stripe's: more than one while they are being exchanged. */
    webhookSecrets: string[];
    apiUrl: string;
  };
}

export const billingOf = (e: Variables): BillingSettings => ({
  stripe: {
    secretKey: e.STRIPE_SECRET_KEY ?? null,
    webhookSecrets: e.STRIPE_WEBHOOK_SECRETS ?? [],
    apiUrl: e.STRIPE_API_URL.replace(/\/+$/, ''),
  },
});
