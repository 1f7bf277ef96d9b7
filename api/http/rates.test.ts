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

  it('says what is left, when all of it is there again, and how long to wait', () => {
    const rates = new CallerRates({ perSecond: 2, burst: 4 });
    assert.deepEqual(rates.ask('a', 0), { left: 3, fullInSeconds: 1, waitSeconds: 0 });
    assert.deepEqual(rates.ask('a', 0), { left: 2, fullInSeconds: 1, waitSeconds: 0 });
    rates.ask('a', 0);
    assert.deepEqual(rates.ask('a', 0), { left: 0, fullInSeconds: 2, waitSeconds: 0 });
    assert.deepEqual(rates.ask('a', 0), { left: 0, fullInSeconds: 2, waitSeconds: 0.5 });
    assert.equal(rates.ask('a', 499).waitSeconds > 0, true);
    assert.equal(rates.ask('a', 500).waitSeconds, 0);
  });

  it('remembers who asked lately, however many others ask', () => {
    const rates = new CallerRates({ perSecond: 0.001, burst: 1 });
    rates.take('a', 0);
    for (let i = 0; i < 9_999; i++) rates.take(`other ${i}`, 1);
    assert.throws(() => rates.take('a', 2), { code: 'too_many_requests' });
    for (let i = 0; i < 200_000; i++) rates.take(`more ${i}`, 3);
    rates.take('a', 4); // long forgotten
  });
});
