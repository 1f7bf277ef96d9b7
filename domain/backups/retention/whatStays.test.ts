import { deepEqual, equal, ok } from 'node:assert/strict';
import type { BackupKeep } from '#contracts/backups/policies.ts';
import { whatStays, type Aged } from './whatStays.ts';

const none: BackupKeep = { last: 1, days: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const now = new Date('2026-11-22T12:00:00Z');
const of = (at: string, more: Partial<Aged> = {}): Aged => ({
  id: at,
  at: new Date(at),
  isGood: true,
  provenAt: null,
  lockedUntil: null,
  ...more,
});
const staying = (backups: Aged[], keep: Partial<BackupKeep>, isHeld = false): string[] =>
  [...whatStays(backups, { ...none, ...keep }, { now, isHeld }).keys()].toSorted();

/** A numbered beginning of chance: the same each time. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('what stays of backups', () => {
  const nightly = Array.from({ length: 40 }, (_, nights) =>
    of(new Date(Date.parse('2026-11-22T01:00:00Z') - nights * 86_400_000).toISOString()),
  );

  it('is the newest so many', () => {
    deepEqual(staying(nightly, { last: 2 }), ['2026-11-21T01:00:00.000Z', '2026-11-22T01:00:00.000Z']);
  });

  it('is whatever a run is reading, however old or broken it is', () => {
    const read = of('2026-01-01T00:00:00.000Z', { isInUse: true, isGood: false });
    deepEqual(staying([...nightly, read], {}), [read.id, '2026-11-22T01:00:00.000Z']);
    deepEqual(staying([...nightly, { ...read, isInUse: false }], {}), ['2026-11-22T01:00:00.000Z']);
  });

  it('is all that is young enough, to the moment', () => {
    const edge = [of('2026-11-20T12:00:00.000Z'), of('2026-11-20T12:00:00.001Z'), of('2026-11-22T01:00:00.000Z')];
    deepEqual(staying(edge, { days: 2 }), ['2026-11-20T12:00:00.001Z', '2026-11-22T01:00:00.000Z']);
  });

  it('is the newest of each day, week from Monday, month and year', () => {
    const twice = [of('2026-11-22T01:00:00.000Z'), of('2026-11-22T09:00:00.000Z'), of('2026-11-21T23:59:59.999Z')];
    deepEqual(staying(twice, { daily: 2 }), ['2026-11-21T23:59:59.999Z', '2026-11-22T09:00:00.000Z']);
    // 2026-11-16 is a Monday: the 15th is of the week before.
    const weeks = ['2026-11-15T23:59:59.999Z', '2026-11-16T00:00:00.000Z', '2026-11-22T01:00:00.000Z'].map((at) =>
      of(at),
    );
    deepEqual(staying(weeks, { weekly: 2 }), ['2026-11-15T23:59:59.999Z', '2026-11-22T01:00:00.000Z']);
    const months = ['2026-10-01T00:00:00.000Z', '2026-10-31T23:00:00.000Z', '2026-11-22T01:00:00.000Z'].map((at) =>
      of(at),
    );
    deepEqual(staying(months, { monthly: 2 }), ['2026-10-31T23:00:00.000Z', '2026-11-22T01:00:00.000Z']);
    const years = ['2024-02-29T00:00:00.000Z', '2025-12-31T23:00:00.000Z', '2026-11-22T01:00:00.000Z'].map((at) =>
      of(at),
    );
    deepEqual(
      staying(years, { yearly: 3 }),
      years.map(({ id }) => id),
    );
  });

  it('counts periods that have a backup: an outage of a month takes none of them', () => {
    const gap = [of('2026-06-01T01:00:00.000Z'), of('2026-06-02T01:00:00.000Z'), of('2026-11-22T01:00:00.000Z')];
    deepEqual(staying(gap, { daily: 2 }), ['2026-06-02T01:00:00.000Z', '2026-11-22T01:00:00.000Z']);
  });

  it('is the newest good one, though all rules name broken ones', () => {
    const broken = [of('2026-11-22T01:00:00.000Z', { isGood: false }), of('2026-11-01T01:00:00.000Z')];
    deepEqual(staying(broken, { daily: 1, weekly: 1 }), ['2026-11-01T01:00:00.000Z']);
  });

  it('is the one that was restored last, however old', () => {
    const [old, older] = [of('2020-01-02T00:00:00.000Z'), of('2020-01-01T00:00:00.000Z')];
    const proven = [
      ...nightly,
      { ...old, provenAt: new Date('2026-01-01T00:00:00Z') },
      { ...older, provenAt: new Date('2026-01-02T00:00:00Z') },
    ];
    deepEqual(staying(proven, {}), [older.id, '2026-11-22T01:00:00.000Z']);
  });

  it('is whatever is locked, until it is not, and everything under a legal hold', () => {
    const locked = [
      ...nightly,
      of('2020-01-01T00:00:00.000Z', { lockedUntil: new Date(now.getTime() + 1) }),
      of('2020-01-02T00:00:00.000Z', { lockedUntil: now, isGood: false }),
    ];
    deepEqual(staying(locked, {}), ['2020-01-01T00:00:00.000Z', '2026-11-22T01:00:00.000Z']);
    equal(staying(locked, {}, true).length, locked.length);
  });

  it('is the one that a legal hold of its own is set on, whether its rules count, days or periods', () => {
    const old = of('2020-01-01T00:00:00.000Z', { isHeld: true, isGood: false });
    for (const keep of [{ last: 3 }, { days: 3 }, { daily: 3, weekly: 2, monthly: 2, yearly: 2 }]) {
      ok(staying([...nightly, old], keep).includes(old.id));
      ok(!staying([...nightly, { ...old, isHeld: false }], keep).includes(old.id));
    }
  });

  it('is what a restore can be taken back by, for as long as it can', () => {
    const before = (id: string, neededUntil: number) => of(id, { neededUntil: new Date(now.getTime() + neededUntil) });
    const kept = [...nightly, before('2020-01-01T00:00:00.000Z', 1), before('2020-01-02T00:00:00.000Z', 0)];
    deepEqual(staying(kept, {}), ['2020-01-01T00:00:00.000Z', '2026-11-22T01:00:00.000Z']);
  });

  it('is nothing of nothing, and says every reason', () => {
    deepEqual(staying([], { last: 5, days: 30 }), []);
    const [why] = [
      ...whatStays([of('2026-11-22T01:00:00.000Z')], { ...none, daily: 1 }, { now, isHeld: false }).values(),
    ];
    deepEqual(why, ['newest', 'last', 'daily']);
  });

  it('holds for any backups and rules: what is promised stays, and one more rule never takes one more backup', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const chance = chances(seed);
      const upTo = (most: number) => Math.floor(chance() * (most + 1));
      const backups = Array.from({ length: upTo(60) }, (_, at) =>
        of(new Date(now.getTime() - upTo(900 * 24) * 3_600_000 - at).toISOString(), {
          isGood: chance() > 0.2,
          provenAt: chance() > 0.8 ? new Date(now.getTime() - upTo(1_000_000)) : null,
          lockedUntil: chance() > 0.8 ? new Date(now.getTime() + (chance() - 0.5) * 1_000_000) : null,
        }),
      );
      const keep = {
        last: 1 + upTo(5),
        days: upTo(30),
        daily: upTo(9),
        weekly: upTo(6),
        monthly: upTo(6),
        yearly: upTo(3),
      };
      const stays = whatStays(backups, keep, { now, isHeld: false });
      const good = backups.filter(({ isGood }) => isGood).toSorted((one, other) => +other.at - +one.at);
      const told = `seed ${seed}`;
      for (const one of good.slice(0, keep.last)) ok(stays.has(one.id), told);
      const proven = good
        .filter(({ provenAt }) => provenAt)
        .toSorted((one, other) => +other.provenAt! - +one.provenAt!);
      if (proven[0]) ok(stays.has(proven[0].id), told);
      for (const one of backups)
        if (+now - +one.at < keep.days * 86_400_000 || (one.lockedUntil && one.lockedUntil > now))
          ok(stays.has(one.id), told);
      const byPeriods = keep.daily + keep.weekly + keep.monthly + keep.yearly + keep.last + 2;
      const others = backups.filter(({ id }) => {
        const why = stays.get(id);
        return why && !why.includes('days') && !why.includes('locked');
      });
      ok(others.length <= byPeriods, told);
      const more = whatStays(
        backups,
        { ...keep, weekly: keep.weekly + 1, last: keep.last + 1 },
        { now, isHeld: false },
      );
      for (const id of stays.keys()) ok(more.has(id), told);
      deepEqual(
        [...whatStays(backups.toReversed(), keep, { now, isHeld: false }).keys()].toSorted(),
        [...stays.keys()].toSorted(),
        told,
      );
      const again = whatStays(
        backups.filter(({ id }) => stays.has(id)),
        keep,
        { now, isHeld: false },
      );
      equal(again.size, stays.size, `${told}: a second look takes none`);
    }
  });
});
