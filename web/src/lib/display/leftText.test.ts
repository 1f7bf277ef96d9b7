import assert from 'node:assert/strict';
import { leftText } from './leftText.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe('what is left of a time', () => {
  it('is told in two units, coarser the further away it is', () => {
    const told: [number, string][] = [
      [9 * second, '9 s'],
      [minute, '1 min 00 s'],
      [4 * minute + 7 * second, '4 min 07 s'],
      [3 * hour + 12 * minute + 50 * second, '3 h 12 min'],
      [day + hour, '1 day 1 h'],
      [12 * day + 4 * hour, '12 days 4 h'],
    ];
    for (const [milliseconds, text] of told) assert.equal(leftText(milliseconds, 'now'), text);
  });

  it('a second that has begun is not over yet, and what lies behind is', () => {
    assert.equal(leftText(1, 'over'), '1 s');
    assert.equal(leftText(0, 'over'), 'over');
    assert.equal(leftText(-day, 'over'), 'over');
  });
});
