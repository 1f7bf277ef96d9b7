import { LicenseError } from '../errors.ts';

export const dayMs = 86_400_000;

const [firstYear, lastYear] = [2000, 2199];
const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** What RFC 3339 could not write, and some do: years of more digits or below zero. */
const beyondRfc3339 = /^[+-]?\d{5,}-|^[+-]\d/;

/**
 * Milliseconds since 1970 of `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, UTC, no leap seconds, a day of the calendar).
 * Throws {@link LicenseError}: `too_far` outside of the years 2000 to 2199, `malformed` for anything else.
 */
export function readDate(value: unknown): number {
  if (typeof value !== 'string') throw new LicenseError('malformed', 'A date is missing.');
  if (value.length !== 20 || !pattern.test(value)) {
    if (beyondRfc3339.test(value)) throw new LicenseError('too_far', 'A date has a year that nobody plans for.');
    throw new LicenseError('malformed', 'A date is not written as YYYY-MM-DDTHH:MM:SSZ.');
  }
  const year = two(value, 0) * 100 + two(value, 2);
  if (year < firstYear || year > lastYear)
    throw new LicenseError('too_far', `A date is outside of the years ${firstYear} to ${lastYear}.`);
  const [month, day, hour] = [two(value, 5), two(value, 8), two(value, 11)];
  const [minute, second] = [two(value, 14), two(value, 17)];
  const isThere =
    month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month) && hour <= 23 && minute <= 59 && second <= 59;
  if (!isThere) throw new LicenseError('malformed', 'A date is not in the calendar.');
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const two = (text: string, at: number): number => text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528;

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysOf = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;

/** Whole seconds: what is less than a second is cut off. */
export const writeDate = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
