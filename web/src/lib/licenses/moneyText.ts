/** An amount in minor units as people read it: `1,234.50 EUR`, `1,234 JPY`; `nothing` where there is no currency. */
export function moneyText(amount: number, currency: string | null): string {
  if (currency === null) return 'nothing';
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency, currencyDisplay: 'code' });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const number = new Intl.NumberFormat('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${number.format(amount / 10 ** digits)} ${currency}`;
}

/** What is typed as an amount, in minor units; null for what is none, or finer than the currency. */
export function minorUnitsOf(typed: string, currency: string): number | null {
  if (!/^\d{1,12}(?:\.\d{1,4})?$/.test(typed.trim())) return null;
  const digits = digitsOf(currency);
  if (digits === null) return null;
  const [whole = '0', part = ''] = typed.trim().split('.');
  if (part.length > digits && Number(part.slice(digits)) !== 0) return null;
  return Number(whole) * 10 ** digits + Number((part + '0000').slice(0, digits) || '0');
}

function digitsOf(currency: string): number | null {
  try {
    return (
      new Intl.NumberFormat('en-GB', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? null
    );
  } catch {
    return null; // while it is being typed
  }
}
