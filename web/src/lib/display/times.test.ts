import assert from 'node:assert/strict';
import { durationText, relativeText } from './times.ts';

describe('times', () => {
  it('gives durations the unit that an operator would choose', () => {
    const texts = [-5, 0, 842, 999.6, 12_345, 59_999, 192_000, 7_500_000, 360_000_000].map(durationText);
    const wanted = ['0 ms', '0 ms', '842 ms', '1.0 s', '12.3 s', '59.9 s', '3 min 12 s', '2 h 5 min', '4 d 4 h'];
    assert.deepEqual(texts, wanted);
  });

  it('says how long ago, and after a week the date', () => {
    const now = Date.parse('2026-11-21T10:00:00Z');
    const ago = (milliseconds: number) => relativeText(new Date(now - milliseconds), now);
    assert.deepEqual(
      [ago(-2_000), ago(30_000), ago(300_000), ago(10_800_000), ago(172_800_000)],
      ['just now', '30 s ago', '5 min ago', '3 h ago', '2 d ago'],
    );
    assert.equal(ago(14 * 86_400_000), '7 Nov 2026');
    assert.match(ago(-86_400_000), /^2[123] Nov, \d\d:00$/);
    assert.equal(ago(-14 * 86_400_000), '5 Dec 2026');
  });
});
