import type { Gap } from '../physicalBackup.ts';

/** A segment of the log as the archive holds it. */
export interface ArchivedSegment {
  timeline: number;
  number: number;
  /** When the server wrote to it last. */
  endedAt: Date;
}

/** A timeline and where it left the one before: https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-TIMELINES */
export interface Ancestor {
  timeline: number;
  /** The position in the log at which it ended. */
  until: bigint;
}

const hex = (number: number | bigint, digits: number): string =>
  number.toString(16).toUpperCase().padStart(digits, '0');

export const lsnOf = (text: string): bigint => {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
};

export const segmentName = (timeline: number, number: number, segmentBytes: number): string => {
  const perLog = 0x1_0000_0000 / segmentBytes;
  return `${hex(timeline, 8)}${hex(Math.floor(number / perLog), 8)}${hex(number % perLog, 8)}`;
};

export const segmentNumberOf = (name: string, segmentBytes: number): number =>
  parseInt(name.slice(8, 16), 16) * (0x1_0000_0000 / segmentBytes) + parseInt(name.slice(16, 24), 16);

export const timelineOf = (name: string): number => parseInt(name.slice(0, 8), 16);

export const isSegment = (name: string): boolean => /^[0-9A-F]{24}$/.test(name);
export const isHistory = (name: string): boolean => /^[0-9A-F]{8}\.history$/.test(name);
export const historyName = (timeline: number): string => `${hex(timeline, 8)}.history`;

/** The lines of a history file: `<timeline> <position> <reason>`; comments and empty lines are none. */
export function readHistory(text: string): Ancestor[] {
  return text.split('\n').flatMap((line) => {
    const [, timeline, until] = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line) ?? [];
    return timeline && until ? [{ timeline: Number(timeline), until: lsnOf(until) }] : [];
  });
}

export interface Start {
  timeline: number;
  number: number;
  /** The copy is of one moment from here on: a timeline that left earlier does not hold it. */
  stopLsn: bigint;
  stopNumber: number;
}

export interface Chain {
  /** The newest timeline that goes on from the start. */
  timeline: number;
  /** What there is without a gap, in the order of the log. */
  segments: ArchivedSegment[];
  gap: Gap | null;
}

/**
 * Follows the log from a base backup as far as it goes, over timelines: where one left another, its own segments count from that one on in which
 * it left. Of several newest timelines the highest counts, as the server itself chooses.
 */
export function follow(
  start: Start,
  {
    segments,
    histories,
    segmentBytes,
  }: { segments: Map<number, Map<number, ArchivedSegment>>; histories: Map<number, Ancestor[]>; segmentBytes: number },
): Chain {
  const timeline = newestFrom(start, histories);
  const ancestors = histories.get(timeline) ?? [];
  const on = (number: number): number => {
    const end = BigInt(segmentBytes);
    // The segment in which a timeline left is its own first one; what the old one wrote there is none of it.
    const left = ancestors.find(({ until }) => BigInt(number) < until / end);
    return left ? left.timeline : timeline;
  };
  const last = Math.max(
    start.stopNumber,
    ...[...(segments.get(timeline)?.keys() ?? [])],
    // A timeline of which nothing came yet reaches to where it left: that is an end, and no gap.
    ...(timeline === start.timeline ? [] : [Number((ancestors.at(-1)?.until ?? 0n) / BigInt(segmentBytes)) - 1]),
  );
  const chain: ArchivedSegment[] = [];
  for (let number = start.number; number <= last; number++) {
    const found = segments.get(on(number))?.get(number);
    if (found) chain.push(found);
    else return { timeline, segments: chain, gap: gapFrom(number, last, on, segments, segmentBytes) };
  }
  return { timeline, segments: chain, gap: null };
}

function newestFrom({ timeline, stopLsn }: Start, histories: Map<number, Ancestor[]>): number {
  const holds = (ancestors: Ancestor[]): boolean =>
    ancestors.some((ancestor) => ancestor.timeline === timeline && ancestor.until >= stopLsn);
  return [...histories]
    .filter(([, ancestors]) => holds(ancestors))
    .reduce((most, [one]) => Math.max(most, one), timeline);
}

function gapFrom(
  first: number,
  last: number,
  on: (number: number) => number,
  segments: Map<number, Map<number, ArchivedSegment>>,
  segmentBytes: number,
): Gap {
  let end = first;
  while (end < last && !segments.get(on(end + 1))?.has(end + 1)) end += 1;
  return {
    timeline: on(first),
    first: segmentName(on(first), first, segmentBytes),
    last: segmentName(on(end), end, segmentBytes),
  };
}
