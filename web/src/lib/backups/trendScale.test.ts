import { deepEqual, equal, ok } from 'node:assert/strict';
import { scaleOf } from './trendScale.ts';

const hour = 3_600_000;

describe('the scale of a trend', () => {
  it('is even where what was measured is near what is promised, with few lines of help', () => {
    const { heightOf, ticks, isLogarithmic } = scaleOf([20 * hour, 25 * hour], 28 * hour);
    equal(isLogarithmic, false);
    deepEqual(ticks, [12 * hour, 24 * hour]);
    equal(heightOf(0), 0);
    ok(heightOf(28 * hour) < 1 && heightOf(14 * hour) === heightOf(28 * hour) / 2);
  });

  it('goes by powers where what was measured would lie on the ground', () => {
    const { heightOf, ticks, isLogarithmic } = scaleOf([1_200, 40_000], 4 * hour);
    equal(isLogarithmic, true);
    ok(heightOf(1_200) > 0.1 && heightOf(40_000) > heightOf(1_200) && heightOf(4 * hour) <= 1);
    ok(ticks.every((tick) => heightOf(tick) > 0 && heightOf(tick) < 1));
    equal(heightOf(0), 0);
  });

  it('has room for what is worse than promised, however much, and for nothing at all', () => {
    ok(scaleOf([400 * 24 * hour], hour).heightOf(400 * 24 * hour) < 1);
    ok(scaleOf([400 * 24 * hour], hour).ticks.length <= 4);
    equal(scaleOf([], 28 * hour).isLogarithmic, false);
  });
});
