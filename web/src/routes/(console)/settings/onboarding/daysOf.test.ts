import assert from 'node:assert/strict';
import { daysOf } from './daysOf.ts';

describe('days of reminders, as they are typed', () => {
  it('are read with commas, spaces and semicolons, and none are none', () => {
    assert.deepEqual(daysOf('3, 7;14 30'), [3, 7, 14, 30]);
    assert.deepEqual(daysOf('  '), []);
  });

  it('that do not grow, or are no days, are refused', () => {
    for (const text of ['7, 3', '3, 3', '0', '366', '1.5', '-1', 'soon', '1000'])
      assert.equal(daysOf(text), null, text);
  });
});
