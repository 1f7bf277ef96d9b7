import { DomainError } from '#contracts/errors.ts';

/** Between these a licence may begin and end: whoever verifies one takes other years for a mistake or a trick. */
export const beginningOfTime = Date.UTC(2000, 0, 1);
export const endOfTime = Date.UTC(2199, 11, 31, 23, 59, 59);
const dayMs = 86_400_000;
const shortestMonth = 28;

interface Parts {
  months: number;
  days: number;
}

/** Of a period like P1Y2M10D (ISO 8601). */
function partsOf(period: string): Parts {
  const [, years, months, weeks, days] = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$/.exec(period) ?? [];
  const count = (text: string | undefined): number => Number(text ?? 0);
  return { months: 12 * count(years) + count(months), days: 7 * count(weeks) + count(days) };
}

/** The fewest days that a period can have, whenever it begins. */
export function fewestDaysOf(period: string): number {
  const { months, days } = partsOf(period);
  const years = Math.floor(months / 12);
  return years * 365 + (months % 12) * shortestMonth + days;
}

/**
 * When so many terms have passed since `anchor`, by the calendar of UTC: the same day of a later month at the same time, or that month's
 * last day where there is none (31 January and a month is 28 or 29 February). Terms are counted from the anchor and never from the end
 * of the one before, so that the day is not lost: from 29 February 2024, four years are 29 February 2028. Months come before days. There
 * is no daylight saving in UTC: a day has 24 hours, and on the clock of a place a term may end an hour earlier or later than it began.
 *
 * Refuses (`invalid_request`) what would be after the year 2199.
 */
export function endOfTerms(anchor: Date, period: string, terms = 1): Date {
  const { months, days } = partsOf(period);
  const month = anchor.getUTCFullYear() * 12 + anchor.getUTCMonth() + months * terms;
  const [year, monthOfYear] = [Math.floor(month / 12), month % 12];
  const lastDay = new Date(Date.UTC(year, monthOfYear + 1, 0)).getUTCDate();
  const midnight = Date.UTC(year, monthOfYear, Math.min(anchor.getUTCDate(), lastDay));
  const timeOfDay = anchor.getTime() - Math.floor(anchor.getTime() / dayMs) * dayMs;
  const end = midnight + timeOfDay + days * terms * dayMs;
  // Not a number, where the year is beyond what a date can hold.
  if (!(end <= endOfTime)) throw tooFar();
  return new Date(end);
}

/** So many days of 24 hours later. Refuses (`invalid_request`) what would be after the year 2199. */
export function daysAfter(from: Date, days: number): Date {
  const end = from.getTime() + days * dayMs;
  if (end > endOfTime) throw tooFar();
  return new Date(end);
}

const tooFar = (): DomainError =>
  new DomainError('invalid_request', 'Some of what was sent is not valid.', {
    fields: [{ path: 'startsAt', message: 'would let it end after the year 2199' }],
  });
