import { equal } from 'node:assert/strict';
import { dayText, dayTone, minutesText } from './backupWords.ts';

const day = { day: '2026-11-22', kept: 0, removed: 0, failed: 0, proven: false };

describe('words of backups', () => {
  it('tell of a day what became of it, and colour it by the best of that', () => {
    equal(dayText(day), '2026-11-22: none');
    equal(dayTone(day), 'none');
    equal(dayText({ ...day, kept: 1, failed: 2 }), '2026-11-22: 1 kept, 2 failed');
    equal(dayTone({ ...day, kept: 1, failed: 2 }), 'good');
    equal(dayTone({ ...day, kept: 1, proven: true }), 'proven');
    equal(dayTone({ ...day, failed: 1 }), 'bad');
    equal(dayTone({ ...day, removed: 1, failed: 1 }), 'gone');
  });

  it('tell minutes as people say them', () => {
    equal(minutesText(1_680), '28 h');
    equal(minutesText(90), '90 min');
    equal(minutesText(10_080), '7 d');
  });
});
