import type { QuoteLine } from '#contracts/licenses/renewals.ts';
import type { PolicyRef } from '#contracts/licenses/policies.ts';
import { prorate, type Stretch } from './proration.ts';

/** What a term costs by a version of a policy, in minor units. */
export interface TermPrice {
  policy: PolicyRef;
  amount: number;
}

/** Whole terms by their price, and the days of a broken one by their part of it. */
export function linesFor({ policy, amount }: TermPrice, { terms, days, ofDays }: Stretch): QuoteLine[] {
  const whole = { what: 'term', policy, amount: amount * terms, terms, days: null, ofDays: null } as const;
  const part = { what: 'part', policy, amount: prorate(amount, days, ofDays), terms: 0, days, ofDays } as const;
  return [...(terms > 0 ? [whole] : []), ...(days > 0 ? [part] : [])];
}

/** The same given back: what was paid for time that is to be another policy's. */
export const creditsFor = (price: TermPrice, stretch: Stretch): QuoteLine[] =>
  linesFor(price, stretch).map((line) => ({ ...line, what: 'credit', amount: -line.amount }));

/** What is charged. More credit than charge is nothing: money is not paid out by a renewal. */
export const amountOf = (lines: readonly QuoteLine[]): number =>
  Math.max(
    0,
    lines.reduce((sum, { amount }) => sum + amount, 0),
  );
