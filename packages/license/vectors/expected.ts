import type { PublicJwk } from '../src/claims.ts';
import type { State, Verdict, Warning } from '../src/states/verdict.ts';

export interface Given {
  product?: string | null;
  keys?: PublicJwk[];
  tenant?: string;
  machine?: string;
  usage?: { seats?: number; machines?: number };
  licenseKey?: string;
  lastSeen?: string;
  seenSecret?: string;
  minSerial?: number;
  revocations?: string;
  clockToleranceSeconds?: number;
  /** What the clock shows: RFC 3339. */
  now?: string;
}

export interface Case {
  name: string;
  text: string;
  /** So many blanks follow on the text. */
  blanks?: number;
  given: Given;
  expect: Expected;
}

export type Expected =
  | { state: State; action: Verdict['action']; until: string | null; warnings: Warning[]; serial: number | null }
  | { error: string };

export const blocked = (state: State, serial: number | null = 3): Expected => ({
  state,
  action: 'block',
  until: null,
  warnings: [],
  serial,
});
export const refused = (state: State): Expected => blocked(state, null);
export const runs = (until: string | null = '2027-01-01T00:00:00Z', ...warnings: Warning[]): Expected => ({
  state: 'valid',
  action: 'run',
  until,
  warnings,
  serial: 3,
});
export const over = (
  state: 'grace' | 'expired',
  action: Verdict['action'],
  until: string | null,
  ...warnings: Warning[]
): Expected => ({
  state,
  action,
  until,
  warnings,
  serial: 3,
});

export type Add = (name: string, text: string, expect: Expected, given?: Given, blanks?: number) => void;
