import { equal, ok } from 'node:assert/strict';
import { v7 as newId } from 'uuid';
import { nextWindow, slotSeconds, windowsBetween } from './windows.ts';

const next = (everyHours: number, at: string, time: string): string =>
  nextWindow({ everyHours, at }, new Date(time)).toISOString();

describe('windows of backups', () => {
  const cases: [string, number, string, string, string][] = [
    ['opens later on the same day', 24, '01:30', '2026-11-22T00:10:00Z', '2026-11-22T01:30:00.000Z'],
    ['opens on the next day once today’s has', 24, '01:30', '2026-11-22T01:30:00Z', '2026-11-23T01:30:00.000Z'],
    ['opens over the turn of a year', 24, '23:59', '2026-12-31T23:59:00Z', '2027-01-01T23:59:00.000Z'],
    ['opens at each part of the day', 6, '01:30', '2026-11-22T08:00:00Z', '2026-11-22T13:30:00.000Z'],
    ['opens before the time of day that it names, too', 6, '19:30', '2026-11-22T00:00:00Z', '2026-11-22T01:30:00.000Z'],
    ['opens each hour', 1, '05:15', '2026-11-22T23:20:00Z', '2026-11-23T00:15:00.000Z'],
    ['is not moved by a leap day', 12, '06:00', '2028-02-28T18:00:00Z', '2028-02-29T06:00:00.000Z'],
  ];
  for (const [what, everyHours, at, time, expected] of cases)
    it(what, () => equal(next(everyHours, at, time), expected));

  it('are counted with both ends of a range', () => {
    const daily = { everyHours: 24, at: '01:00' };
    const count = (from: string, to: string) => windowsBetween(daily, new Date(from), new Date(to));
    equal(count('2026-11-20T01:00:00Z', '2026-11-22T01:00:00Z'), 3);
    equal(count('2026-11-20T01:00:01Z', '2026-11-22T00:59:59Z'), 1);
    equal(count('2026-11-20T02:00:00Z', '2026-11-20T03:00:00Z'), 0);
  });

  it('give each tenant a place of its own that stays, and spread a thousand evenly', () => {
    const ids = Array.from({ length: 1_000 }, () => newId());
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const id of ids) {
      const slot = slotSeconds(id, 3_600);
      equal(slotSeconds(id, 3_600), slot);
      ok(slot >= 0 && slot < 3_600);
      tenths[Math.floor(slot / 360)]! += 1;
    }
    ok(
      tenths.every((count) => count > 60 && count < 140),
      tenths.join(' '),
    );
    equal(slotSeconds(ids[0]!, 0), 0);
  });
});
