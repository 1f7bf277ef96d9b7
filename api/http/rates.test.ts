import assert from 'node:assert/strict';
import { CallerRates } from './rates.ts';

describe('the rate of a caller', () => {
  it('lets a burst through, then so many a second, each caller for itself', () => {
    const rates = new CallerRates({ perSecond: 10, burst: 3 });
    for (let i = 0; i < 3; i++) rates.take('a', 1000);
    assert.throws(() => rates.take('a', 1000), { code: 'too_many_requests' });
    rates.take('b', 1000);
    rates.take('a', 1100);
    assert.throws(() => rates.take('a', 1150), { code: 'too_many_requests' });
    for (let i = 0; i < 3; i++) rates.take('a', 60_000);
    assert.throws(() => rates.take('a', 60_000), { code: 'too_many_requests' });
  });
});
