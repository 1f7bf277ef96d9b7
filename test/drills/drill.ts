import type { DrillServers } from './drillServers.ts';
import type { Random } from './random.ts';

/** What a drill is given: servers that it may break, chance that can be repeated, and somebody to tell. */
export interface DrillRoom {
  servers: DrillServers;
  seed: number;
  random: Random;
  /** How many cells of the kill matrix, for a short look; null means all. */
  cells: number | null;
  /** How often each of them is hit; null means as often as the full matrix asks. */
  hits: number | null;
  /** The only one that the kill matrix kills; null means each. */
  victim: string | null;
  say(line: string): void;
}

export interface DrillFigure {
  what: string;
  value: number;
  unit: 's' | 'ms' | '';
  limit?: { atMost: number } | { atLeast: number };
}

/** Something that must hold and does not. */
export interface Breach {
  /** An invariant of drills.md (I1 to I8), or what the drill itself asks for. */
  rule: string;
  what: string;
  /** It came right, but later than is asked where nothing else runs. */
  isLate?: true;
}

export interface Outcome {
  figures: DrillFigure[];
  breaches: Breach[];
  table?: string[];
}

/** Breaks something on purpose. What it throws means that it could not be carried out, which is as red as a breach. */
export interface Drill {
  id: string;
  title: string;
  full(room: DrillRoom): Promise<Outcome>;
  /** A part that chance picks, in seconds: for every `npm test`. */
  subset(room: DrillRoom): Promise<Outcome>;
}

export const missed = ({ value, limit }: DrillFigure): boolean =>
  limit !== undefined && ('atMost' in limit ? value > limit.atMost : value < limit.atLeast);

/** Everything red about an outcome, one line each. */
export const problemsOf = ({ breaches, figures }: Outcome): string[] => [
  ...breaches.map(({ rule, what }) => `${rule}: ${what}`),
  ...figures.filter(missed).map((figure) => `limit missed: ${lineOf(figure)}`),
];

export function lineOf({ what, value, unit, limit }: DrillFigure): string {
  const number = Number.isInteger(value) ? String(value) : value.toFixed(2);
  const bound = limit ? ('atMost' in limit ? ` (at most ${limit.atMost})` : ` (at least ${limit.atLeast})`) : '';
  return `${what}: ${number}${unit && ` ${unit}`}${bound}`;
}

/** The value that a share of all do not exceed, by the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}
