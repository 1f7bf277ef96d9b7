import type { BackupKeep } from '#contracts/backups/policies.ts';

/** A finished backup, as far as it matters to whether it stays. */
export interface Aged {
  id: string;
  /** What it holds is of this moment. */
  at: Date;
  /** Whether it was read again without fault, or not read again yet. */
  isGood: boolean;
  /** When it was last restored and found whole; null when it never was. */
  provenAt: Date | null;
  lockedUntil: Date | null;
  /** Until then a restore can be taken back by it. */
  neededUntil?: Date | null;
  /** Whether a run that is under way reads it. */
  isInUse?: boolean;
  /** Whether a legal hold keeps this one. */
  isHeld?: boolean;
  /** Of a moment that somebody chose, and not all of the tenant: it takes no place among those that are made by the clock. */
  isApart?: boolean;
}

export type WhyItStays =
  | 'newest'
  | 'proven'
  | 'last'
  | 'days'
  | 'daily'
  | 'weekly'
  | 'monthly'
  | 'yearly'
  | 'locked'
  | 'way_back'
  | 'in_use'
  | 'held';

const dayMs = 86_400_000;
const mondayMs = 4 * dayMs; // 1970-01-05

/** The period of the calendar (UTC) that a moment is in, as a number. */
const periodOf = {
  daily: (at: Date): number => Math.floor(at.getTime() / dayMs),
  weekly: (at: Date): number => Math.floor((at.getTime() - mondayMs) / (7 * dayMs)),
  monthly: (at: Date): number => at.getUTCFullYear() * 12 + at.getUTCMonth(),
  yearly: (at: Date): number => at.getUTCFullYear(),
};

/**
 * Which backups of a tenant stay, each with every reason why; what is not named goes. A rule that would keep a broken one keeps the next
 * good one instead. Whatever the rules say, the newest good one stays, and so does the one that was restored last: what is believed
 * to be good is never given up for what is not known to be.
 */
export function whatStays(
  backups: readonly Aged[],
  keep: BackupKeep,
  { now, isHeld }: { now: Date; isHeld: boolean },
): Map<string, WhyItStays[]> {
  const stays = new Map<string, WhyItStays[]>();
  const because = (why: WhyItStays, { id }: Aged): void => void stays.set(id, [...(stays.get(id) ?? []), why]);
  const newestFirst = backups.toSorted(
    (one, other) => other.at.getTime() - one.at.getTime() || (one.id < other.id ? 1 : -1),
  );
  const good = newestFirst.filter(({ isGood, isApart }) => isGood && !isApart);

  for (const one of good.slice(0, 1)) because('newest', one);
  const proven = good.filter(({ provenAt }) => provenAt !== null);
  const last = proven.toSorted((one, other) => other.provenAt!.getTime() - one.provenAt!.getTime())[0];
  if (last) because('proven', last);
  for (const one of good.slice(0, keep.last)) because('last', one);
  for (const one of newestFirst) {
    if (!one.isApart && one.at.getTime() > now.getTime() - keep.days * dayMs) because('days', one);
    if (one.lockedUntil !== null && one.lockedUntil > now) because('locked', one);
    if (one.neededUntil && one.neededUntil > now) because('way_back', one);
    if (one.isInUse) because('in_use', one);
    if (isHeld || one.isHeld) because('held', one);
  }
  for (const rule of ['daily', 'weekly', 'monthly', 'yearly'] as const) {
    const newestOf = new Map<number, Aged>();
    for (const one of good) {
      const period = periodOf[rule](one.at);
      if (!newestOf.has(period)) newestOf.set(period, one);
    }
    for (const one of [...newestOf.values()].slice(0, keep[rule])) because(rule, one);
  }
  return stays;
}
