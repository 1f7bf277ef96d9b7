import { endOfTerms } from '../calendar.ts';

const dayMs = 86_400_000;

/** Days of 24 hours; one that has begun counts whole. */
export const daysBetween = (from: Date, until: Date): number =>
  Math.max(0, Math.ceil((until.getTime() - from.getTime()) / dayMs));

/**
 * So many of so many days of an amount in minor units, rounded half up to the minor unit: 1,000 for 1 of 3 days is 333, for 1 of 16 days 63
 * (62.5). Integers all the way, so that no sum is a cent off.
 */
export function prorate(amount: number, days: number, ofDays: number): number {
  const [whole, part, all] = [BigInt(amount), BigInt(days), BigInt(ofDays)];
  return Number((2n * whole * part + all) / (2n * all));
}

/** A stretch of time in terms: so many whole ones, and so many days of the one after them, which has `ofDays`. */
export interface Stretch {
  terms: number;
  days: number;
  ofDays: number;
}

/** How long it is until `until` in terms that begin at `from`. Refuses (`invalid_request`) what would be after the year 2199. */
export function stretchOf(from: Date, until: Date, period: string): Stretch {
  let terms = 0;
  let begin = from;
  let end = endOfTerms(from, period, 1);
  while (end <= until) {
    terms += 1;
    begin = end;
    end = endOfTerms(from, period, terms + 1);
  }
  return { terms, days: daysBetween(begin, until), ofDays: daysBetween(begin, end) };
}
