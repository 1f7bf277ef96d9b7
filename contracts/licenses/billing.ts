import { z } from 'zod';

export const billingProviders = ['manual', 'stripe'] as const;
export type BillingProviderKind = (typeof billingProviders)[number];

const currencies = new Set(Intl.supportedValuesOf('currency'));

/** ISO 4217. */
export const Currency = z.string().refine((code) => currencies.has(code), 'must be a currency of ISO 4217, like EUR');

/** A billion of the greater units of a currency with cents: what is more is a mistake. */
export const mostMinorUnits = 100_000_000_000;
export const MinorUnits = z
  .number()
  .int()
  .min(0)
  .max(mostMinorUnits)
  .describe("In the currency's minor unit (ISO 4217): 1234 is 12.34 EUR, and 1234 JPY");

export const LicensePrice = z.object({
  currency: z.string(),
  amount: MinorUnits.describe('Of one term'),
  validFrom: z.iso.datetime(),
});
export type LicensePrice = z.infer<typeof LicensePrice>;

export const LicensePrices = z.object({
  policy: z.object({ name: z.string(), version: z.number().int() }),
  items: z.array(LicensePrice).describe('What counts now, by currency, and what counted before'),
});
export type LicensePrices = z.infer<typeof LicensePrices>;

export const NewLicensePrice = z.strictObject({ currency: Currency, amount: MinorUnits });
export type NewLicensePrice = z.infer<typeof NewLicensePrice>;

/** How a tenant pays. Of cards and accounts we know the names alone by which the payment service knows them. */
export const BillingAccount = z.object({
  tenantId: z.uuid(),
  provider: z.enum(billingProviders),
  currency: z.string().nullable().describe('null: the only one that there is a price in'),
  stripe: z.object({ customer: z.string(), paymentMethod: z.string() }).nullable(),
  updatedAt: z.iso.datetime().nullable(),
});
export type BillingAccount = z.infer<typeof BillingAccount>;

export const BillingAccountChange = z
  .strictObject({
    provider: z.enum(billingProviders),
    currency: Currency.nullable().default(null),
    stripe: z
      .strictObject({
        customer: z.string().regex(/^cus_[A-Za-z0-9]{1,120}$/, 'must be a customer of Stripe: cus_…'),
        paymentMethod: z
          .string()
          .regex(/^(?:pm|card|src)_[A-Za-z0-9]{1,120}$/, 'must be a payment method of Stripe: pm_…'),
      })
      .nullable()
      .default(null),
  })
  .refine(({ provider, stripe }) => provider !== 'stripe' || stripe !== null, {
    path: ['stripe'],
    message: 'is missing: whom and what to charge',
  });
export type BillingAccountChange = z.infer<typeof BillingAccountChange>;

/** An operator has seen the money, or knows that it does not come. */
export const PaymentSettlement = z.strictObject({
  outcome: z.enum(['paid', 'declined']),
  reference: z
    .string()
    .trim()
    .regex(/^[\w./ -]{1,60}$/, 'must be letters, digits, spaces and ._/-, at most 60')
    .optional()
    .describe('By which the books know it, such as the number of an invoice; nobody’s name'),
});
export type PaymentSettlement = z.infer<typeof PaymentSettlement>;

export const StripeEventTaken = z.object({ received: z.literal(true) });
