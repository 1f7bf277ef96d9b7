import type { Gap, Window } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import { follow, lsnOf, segmentNumberOf, type Ancestor, type ArchivedSegment, type Chain } from './timelines.ts';

/** What the way from a base backup begins with: any second behind `stoppedAt` is reached by the log from `startSegment` on. */
export interface Anchor {
  /** The base backup's id. */
  base: string;
  timeline: number;
  startSegment: string;
  stopSegment: string;
  stopLsn: string;
  segmentBytes: number;
  /** As ISO 8601. */
  stoppedAt: string;
}

/** What the archive holds, by timeline and number. */
export interface ArchivedLog {
  segments: Map<number, Map<number, ArchivedSegment>>;
  histories: Map<number, Ancestor[]>;
  segmentBytes: number;
}

export const chainOf = (base: Anchor, log: ArchivedLog): Chain =>
  follow(
    {
      ...{ timeline: base.timeline, number: segmentNumberOf(base.startSegment, base.segmentBytes) },
      ...{ stopLsn: lsnOf(base.stopLsn), stopNumber: segmentNumberOf(base.stopSegment, base.segmentBytes) },
    },
    log,
  );

/** Whether the log holds at least what makes the copy one of one moment. */
export const isWhole = (base: Anchor, { segments }: Chain): boolean =>
  (segments.at(-1)?.number ?? -1) >= segmentNumberOf(base.stopSegment, base.segmentBytes);

export function windowOf(base: Anchor, log: ArchivedLog): Window {
  const chain = chainOf(base, log);
  const from = new Date(base.stoppedAt);
  const last = chain.segments.at(-1);
  // A window that ends before it begins holds no moment.
  const until =
    isWhole(base, chain) && last
      ? new Date(Math.max(last.endedAt.getTime(), from.getTime()))
      : new Date(from.getTime() - 1);
  return { baseId: base.base, from, until, gap: chain.gap };
}

export const gapsOf = (windows: Window[]): Gap[] => [
  ...new Map(windows.flatMap(({ gap }) => (gap ? [[gap.first, gap] as const] : []))).values(),
];

/** Refuses a moment that no base backup leads to; of several the newest is chosen. */
export function leadingTo<Base extends Anchor>(bases: readonly Base[], log: ArchivedLog, at: Date) {
  const base = bases.findLast(({ stoppedAt }) => Date.parse(stoppedAt) <= at.getTime());
  if (!base) throw tooEarly(bases);
  const window = windowOf(base, log);
  if (at <= window.until) return { base, window };
  throw window.gap ? inGap(window) : tooLate(window.until);
}

function tooEarly(bases: readonly Anchor[]) {
  const [first] = bases;
  return first
    ? physicalRefusal(
        'physical_too_early',
        `Nothing reaches back so far: the oldest base backup is of ${first.stoppedAt}.`,
      )
    : physicalRefusal('physical_too_early', 'There is no base backup yet.');
}

const tooLate = (until: Date) =>
  physicalRefusal('physical_too_late', `The archive reaches until ${until.toISOString()}, and this moment is later.`);

const inGap = ({ until, gap }: Window) =>
  physicalRefusal(
    'physical_in_gap',
    `The archive has a gap behind ${until.toISOString()}: ${gap?.first} is missing. No later moment can be reached from this base backup.`,
  );

export const gapIs = (name: string) =>
  physicalRefusal('physical_wal_gap', `The archive has a gap: ${name} is missing, and the base backup needs it.`);
