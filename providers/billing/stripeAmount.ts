/** ISO 4217 has no minor unit for these, Stripe two decimals: 5 króna are 500. */
const hundredfold = new Set(['ISK', 'UGX']);
/** ISO 4217 has a minor unit, Stripe counts whole ones. */
const wholeUnits = new Set(['MGA']);
/** Three decimals, of which the last must be 0. */
const tens = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/**
 * Minor units of ISO 4217 as Stripe counts them (https://docs.stripe.com/currencies#special-cases).
 *
 * @returns null for an amount that cannot be charged in this currency there
 */
export function stripeAmount(amount: number, currency: string): number | null {
  if (hundredfold.has(currency)) return amount * 100;
  if (wholeUnits.has(currency)) return amount % 100 === 0 ? amount / 100 : null;
  return tens.has(currency) && amount % 10 !== 0 ? null : amount;
}
