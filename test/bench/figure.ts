import type { Servers } from '#local/servers.ts';

/** One line of the table. `limit` is what the value is held against; times and sizes may not be above it, rates not below. */
export interface Measured {
  what: string;
  value: number;
  unit: 'µs' | 'ms' | 's' | '/s' | 'MB' | '×' | '';
  /** How many measurements it comes from. */
  n?: number;
  limit?: { atMost: number } | { atLeast: number };
}

/** What a figure measures on: servers that only the bench uses, and a folder that is thrown away. */
export interface Bench {
  servers: Servers;
  place: string;
  workflowBundle: string;
  webBuild: string;
}

export interface Figure {
  name: string;
  measure(bench: Bench): Promise<Measured[]>;
}

/** The value that a share of all measurements do not exceed, by the nearest rank. */
export function percentile(values: number[], share: number): number {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

export const isMet = ({ value, limit }: Measured): boolean | null => {
  if (!limit) return null;
  return 'atMost' in limit ? value <= limit.atMost : value >= limit.atLeast;
};
