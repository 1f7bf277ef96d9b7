import { equal, throws } from 'node:assert/strict';
import { daysAfter, endOfTerms, fewestDaysOf } from './calendar.ts';

const after = (anchor: string, period: string, terms = 1): string =>
  endOfTerms(new Date(anchor), period, terms).toISOString();

describe('terms of licences, by the calendar of UTC', () => {
  const cases: [string, string, string, number, string][] = [
    ['a month later on the same day', '2026-01-15T08:30:00Z', 'P1M', 1, '2026-02-15T08:30:00.000Z'],
    ['the last day where there is no such day', '2026-01-31T00:00:00Z', 'P1M', 1, '2026-02-28T00:00:00.000Z'],
    ['the last day of a leap February', '2028-01-31T23:59:59Z', 'P1M', 1, '2028-02-29T23:59:59.000Z'],
    ['a year after a leap day', '2024-02-29T12:00:00Z', 'P1Y', 1, '2025-02-28T12:00:00.000Z'],
    ['the leap day again after four years', '2024-02-29T12:00:00Z', 'P1Y', 4, '2028-02-29T12:00:00.000Z'],
    ['no leap day in 2100', '2096-02-29T00:00:00Z', 'P4Y', 1, '2100-02-28T00:00:00.000Z'],
    ['the day is kept through short months', '2026-01-31T00:00:00Z', 'P1M', 2, '2026-03-31T00:00:00.000Z'],
    ['over the turn of a year', '2026-12-31T10:00:00Z', 'P2M', 1, '2027-02-28T10:00:00.000Z'],
    ['a day has 24 hours where clocks go forward', '2026-03-28T23:30:00Z', 'P1D', 1, '2026-03-29T23:30:00.000Z'],
    ['a month across a change of clocks', '2026-10-01T00:00:00Z', 'P1M', 1, '2026-11-01T00:00:00.000Z'],
    ['weeks and days', '2026-02-20T00:00:00Z', 'P2W1D', 1, '2026-03-07T00:00:00.000Z'],
    ['months before days', '2026-01-31T00:00:00Z', 'P1M1D', 1, '2026-03-01T00:00:00.000Z'],
    ['before 1970 too', '1969-12-31T23:00:00Z', 'P1D', 1, '1970-01-01T23:00:00.000Z'],
  ];
  for (const [what, anchor, period, terms, expected] of cases)
    it(`end ${what}`, () => equal(after(anchor, period, terms), expected));

  it('end at the last second of 2199, and not later', () => {
    equal(after('2198-12-31T23:59:59Z', 'P1Y'), '2199-12-31T23:59:59.000Z');
    for (const [anchor, period] of [
      ['2199-01-01T00:00:00Z', 'P1Y'],
      ['2199-12-31T23:59:59Z', 'P1D'],
      ['2190-01-01T00:00:00Z', 'P999Y9999M9999W99999D'],
    ] as const)
      throws(() => after(anchor, period), { code: 'invalid_request' });
    throws(() => after('2026-01-01T00:00:00Z', 'P999Y', 1_000_000), { code: 'invalid_request' });
    throws(() => daysAfter(new Date('2199-12-31T00:00:00Z'), 1), { code: 'invalid_request' });
  });

  it('have at least so many days', () => {
    equal(fewestDaysOf('P1M'), 28);
    equal(fewestDaysOf('P1Y'), 365);
    equal(fewestDaysOf('P14M1W1D'), 365 + 2 * 28 + 8);
  });
});
