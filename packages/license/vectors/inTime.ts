import { blocked, over, refused, runs } from './expected.ts';
import type { Add, Expected } from './expected.ts';
import { file, signedWith } from './issuer.ts';

export function time(add: Add, good: string, degrading: string, logging: string): void {
  add('valid', good, runs());
  add('valid in its first second', good, runs(), { now: '2026-01-01T00:00:00Z' });
  add('valid in its last second', good, runs(), { now: '2026-12-31T23:59:59Z' });
  add('grace from the second of its end', good, over('grace', 'run', '2027-01-15T00:00:00Z', 'in_grace'), {
    now: '2027-01-01T00:00:00Z',
  });
  add('grace in its last second', good, over('grace', 'run', '2027-01-15T00:00:00Z', 'in_grace'), {
    now: '2027-01-14T23:59:59Z',
  });
  add('expired with the end of grace', good, over('expired', 'block', null), { now: '2027-01-15T00:00:00Z' });
  add('expired and degrading', degrading, over('expired', 'degrade', null, 'expired'), { now: '2027-01-01T00:00:00Z' });
  add('expired and only told', logging, over('expired', 'run', null, 'expired'), { now: '2030-01-01T00:00:00Z' });
}

export async function dates(add: Add): Promise<void> {
  const later = await file({ startsAt: '2026-07-01T00:00:00Z' });
  add(
    'not yet valid',
    later,
    {
      ...(blocked('not_yet_valid') as { state: 'not_yet_valid' } & Expected),
      until: '2026-07-01T00:00:00Z',
    } as Expected,
    { now: '2026-06-30T23:59:59Z' },
  );
  add('perpetual', await file({ expiresAt: null }), runs(null), { now: '2199-12-31T23:59:59Z' });
  const leap = await file({
    issuedAt: '2028-02-29T00:00:00Z',
    startsAt: '2028-02-29T00:00:00Z',
    expiresAt: '2028-03-01T00:00:00Z',
    graceDays: 0,
  });
  add('a leap day', leap, runs('2028-03-01T00:00:00Z'), { now: '2028-02-29T23:59:59Z' });
  add('the second after a leap day', leap, over('expired', 'block', null), { now: '2028-03-01T00:00:00Z' });
  add('a leap day in a year without one', signedWith({ startsAt: '2026-02-29T00:00:00Z' }), refused('malformed'));
  add(
    'a leap day in a century',
    signedWith({ startsAt: '2100-02-29T00:00:00Z', expiresAt: null }),
    refused('malformed'),
  );
  const dst = await file({ expiresAt: '2026-03-29T01:30:00Z', graceDays: 1 });
  add('the hour that Europe skips: before', dst, runs('2026-03-29T01:30:00Z'), { now: '2026-03-29T01:29:59Z' });
  add(
    'the hour that Europe skips: a day of grace has 24 hours',
    dst,
    over('grace', 'run', '2026-03-30T01:30:00Z', 'in_grace'),
    { now: '2026-03-30T01:29:59Z' },
  );
  add('the hour that Europe skips: after', dst, over('expired', 'block', null), { now: '2026-03-30T01:30:00Z' });
  const twice = await file({ expiresAt: '2026-11-01T06:00:00Z', graceDays: 0 });
  add('the hour that America has twice', twice, runs('2026-11-01T06:00:00Z'), { now: '2026-11-01T05:59:59Z' });
  for (const [what, date] of [
    ['a year of five digits', '10000-01-01T00:00:00Z'],
    ['a year with a sign', '+012026-01-01T00:00:00Z'],
    ['the year 9999', '9999-12-31T23:59:59Z'],
    ['the year 2200', '2200-01-01T00:00:00Z'],
  ] as const)
    add(`an end in ${what}`, signedWith({ expiresAt: date }), refused('too_far'));
  add('a start in 1999', signedWith({ startsAt: '1999-12-31T23:59:59Z' }), refused('too_far'));
  for (const [what, date] of [
    ['milliseconds', '2026-01-01T00:00:00.000Z'],
    ['an offset', '2026-01-01T01:00:00+01:00'],
    ['the hour 24', '2026-01-01T24:00:00Z'],
    ['a leap second', '2026-12-31T23:59:60Z'],
    ['a month 13', '2026-13-01T00:00:00Z'],
    ['no time', '2026-01-01'],
    ['a digit of another script', '202６-01-01T00:00:00Z'],
  ] as const)
    add(`a start with ${what}`, signedWith({ startsAt: date }), refused('malformed'));
  add('a start that is a number', signedWith({ startsAt: 1767225600 }), refused('malformed'));
  add('an end before the start', signedWith({ expiresAt: '2026-01-01T00:00:00Z' }), refused('malformed'));
}
