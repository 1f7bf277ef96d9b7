import assert from 'node:assert/strict';
import { isUsedUp, periodOf } from './usedUp.ts';

describe('the period of a meter', () => {
  it('goes by the calendar of UTC, over leap days and renewals', () => {
    const licence = {
      id: 'any',
      anchor_at: '2024-02-29T10:20:30Z',
      starts_at: '2024-02-29T10:20:30Z',
      expires_at: '2027-02-28T10:20:30Z',
      terms: 3,
    };
    const period = (per: 'day' | 'month' | 'term', now: string, more: object = {}) => {
      const { since, until } = periodOf(per, { ...licence, ...more }, 'P1Y', new Date(now));
      return [since.toISOString(), until?.toISOString() ?? null];
    };
    assert.deepEqual(period('day', '2028-02-29T23:59:59Z'), ['2028-02-29T00:00:00.000Z', '2028-03-01T00:00:00.000Z']);
    assert.deepEqual(period('month', '2026-12-31T23:59:59Z'), ['2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z']);
    assert.deepEqual(period('term', '2026-06-01T00:00:00Z'), ['2026-02-28T10:00:00.000Z', '2027-02-28T10:20:30.000Z']);
    assert.deepEqual(period('term', '2024-06-01T00:00:00Z', { terms: 1 })[0], '2024-02-29T10:00:00.000Z');
    assert.deepEqual(period('term', '2024-06-01T00:00:00Z', { expires_at: null })[1], null);
  });

  it('is used up when as much was used as there is, and never without a limit', () => {
    assert.deepEqual(
      [isUsedUp({ used: 9, limit: 10 }), isUsedUp({ used: 10, limit: 10 }), isUsedUp({ used: 10, limit: null })],
      [false, true, false],
    );
  });
});
