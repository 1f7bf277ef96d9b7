import { deepEqual, equal, throws } from 'node:assert/strict';
import { amountOf, creditsFor, linesFor } from './quote.ts';
import { daysBetween, prorate, stretchOf } from './proration.ts';
import { nextTerm } from './terms.ts';

const at = (text: string): Date => new Date(text.length === 10 ? `${text}T00:00:00Z` : text);
const policy = { name: 'p', version: 1 };
const term = (anchorAt: string, terms: number, expiresAt: string) => ({
  anchorAt: at(anchorAt),
  terms,
  expiresAt: at(expiresAt),
});

describe('a part of a price', () => {
  it('is rounded half up to the minor unit', () => {
    equal(prorate(1000, 1, 3), 333);
    equal(prorate(1000, 2, 3), 667);
    equal(prorate(1000, 1, 16), 63); // 62.5
    equal(prorate(1, 1, 2), 1); // 0.5
    equal(prorate(1, 1, 3), 0);
    equal(prorate(999, 365, 365), 999);
    equal(prorate(0, 10, 365), 0);
  });

  it('is exact where a double is not', () => equal(prorate(99_999_999_999, 364, 365), 99_726_027_396));

  it('parts of a term differ from its price by less than one unit each', () => {
    for (const amount of [1, 99, 1200, 9999])
      for (let days = 0; days <= 365; days++) {
        const sum = prorate(amount, days, 365) + prorate(amount, 365 - days, 365);
        equal(Math.abs(sum - amount) <= 1, true, `${amount} ${days}`);
      }
  });

  it('counts a day that has begun as a whole one, and none before its time', () => {
    equal(daysBetween(at('2027-01-01'), at('2027-01-02')), 1);
    equal(daysBetween(at('2027-01-01'), at('2027-01-02T00:00:01Z')), 2);
    equal(daysBetween(at('2027-01-02'), at('2027-01-01')), 0);
    equal(daysBetween(at('2028-02-28'), at('2028-03-01')), 2); // the leap day
    equal(daysBetween(at('2027-03-28'), at('2027-03-29')), 1); // the night in which clocks change in Europe
  });
});

describe('a stretch of time', () => {
  it('is whole terms, and days of the one after them', () => {
    deepEqual(stretchOf(at('2027-01-01'), at('2027-07-01'), 'P1Y'), { terms: 0, days: 181, ofDays: 365 });
    deepEqual(stretchOf(at('2027-01-01'), at('2028-01-01'), 'P1Y'), { terms: 1, days: 0, ofDays: 366 });
    deepEqual(stretchOf(at('2027-01-31'), at('2027-03-10'), 'P1M'), { terms: 1, days: 10, ofDays: 31 });
  });

  it('that would end after the year 2199 is refused', () =>
    throws(() => stretchOf(at('2199-06-01'), at('2199-12-01'), 'P1Y'), { code: 'invalid_request' }));
});

describe('the next term', () => {
  const yearly = term('2026-01-31', 1, '2027-01-31');
  const early = at('2027-01-15');
  const late = at('2027-02-10T12:00:00.700Z');

  it('follows the last, or begins now, as the policy says', () => {
    equal(nextTerm(yearly, 'P1Y', 'from_expiry', early).expiresAt.toISOString(), '2028-01-31T00:00:00.000Z');
    equal(nextTerm(yearly, 'P1Y', 'from_expiry', late).expiresAt.toISOString(), '2028-01-31T00:00:00.000Z');
    equal(nextTerm(yearly, 'P1Y', 'from_now', early).expiresAt.toISOString(), '2028-01-15T00:00:00.000Z');
    equal(nextTerm(yearly, 'P1Y', 'from_now_if_expired', early).expiresAt.toISOString(), '2028-01-31T00:00:00.000Z');
    equal(nextTerm(yearly, 'P1Y', 'from_now_if_expired', late).expiresAt.toISOString(), '2028-02-10T12:00:00.000Z');
  });

  it('at the very moment of the end the term is over', () =>
    equal(
      nextTerm(yearly, 'P1Y', 'from_now_if_expired', yearly.expiresAt).expiresAt.toISOString(),
      '2028-01-31T00:00:00.000Z',
    ));

  it('keeps the day of its anchor through short months and leap years', () => {
    let monthly = term('2028-01-31', 1, '2028-02-29');
    const ends: string[] = [];
    for (let count = 0; count < 3; count++) {
      monthly = nextTerm(monthly, 'P1M', 'from_expiry', early);
      ends.push(monthly.expiresAt.toISOString().slice(0, 10));
    }
    deepEqual(ends, ['2028-03-31', '2028-04-30', '2028-05-31']);
    const leap = term('2024-02-29', 3, '2027-02-28');
    equal(nextTerm(leap, 'P1Y', 'from_expiry', early).expiresAt.toISOString(), '2028-02-29T00:00:00.000Z');
  });

  it('begins a count of its own where the end was not one of the calendar', () => {
    const next = nextTerm(term('2026-01-31', 1, '2027-03-15'), 'P1Y', 'from_expiry', early);
    deepEqual([next.anchorAt, next.terms, next.expiresAt], [at('2027-03-15'), 1, at('2028-03-15')]);
    const trial = nextTerm(term('2027-01-01', 0, '2027-01-15'), 'P1Y', 'from_expiry', early);
    deepEqual([trial.anchorAt, trial.expiresAt], [at('2027-01-15'), at('2028-01-15')]);
  });
});

describe('the lines of a quote', () => {
  it('of whole terms and a part', () => {
    const lines = linesFor({ policy, amount: 12_000 }, { terms: 2, days: 73, ofDays: 365 });
    deepEqual(
      lines.map(({ what, amount }) => [what, amount]),
      [
        ['term', 24_000],
        ['part', 2_400],
      ],
    );
    equal(amountOf(lines), 26_400);
  });

  it('credit what was paid for, and never pay out', () => {
    const half = { terms: 0, days: 100, ofDays: 200 };
    const dearer = [...linesFor({ policy, amount: 3_000 }, half), ...creditsFor({ policy, amount: 1_000 }, half)];
    equal(amountOf(dearer), 1_000);
    const cheaper = [...linesFor({ policy, amount: 1_000 }, half), ...creditsFor({ policy, amount: 3_000 }, half)];
    equal(amountOf(cheaper), 0);
  });
});
