/** What was done to a chain, as far as the chain, its signatures and the anchors outside tell. */
export const findingKinds = [
  'edited',
  'deleted',
  'inserted',
  'reordered',
  'cut',
  'restored',
  'unsigned',
  'signature',
  'anchors',
] as const;
export type FindingKind = (typeof findingKinds)[number];

export interface Finding {
  kind: FindingKind;
  /** Null where it is about no chain. */
  chain: string | null;
  /** The first and the last sequence that it is about. */
  from: number | null;
  to: number | null;
  text: string;
}

const of = (from: number, to: number): string => (from === to ? `entry ${from}` : `entries ${from} to ${to}`);

const texts: Record<FindingKind, (from: number, to: number) => string> = {
  edited: (from, to) => `${of(from, to)} ${from === to ? 'was' : 'were'} edited`,
  deleted: (from, to) => `${of(from, to)} ${from === to ? 'is' : 'are'} missing: deleted`,
  inserted: (from, to) => `what calls itself ${of(from, to)} was never sealed: inserted`,
  reordered: (from, to) => `${of(from, to)} ${from === to ? 'does' : 'do'} not stand where sealed: reordered`,
  cut: (from, to) => `the end is missing from entry ${from} on (it once was ${to}): cut off`,
  restored: (from, to) => `it went back: ${of(from, to)} of before ${from === to ? 'is' : 'are'} not in this copy`,
  unsigned: (from, to) => `no signed head covers ${of(from, to)}`,
  signature: (from) => `the signature at ${from} is not one of this installation's keys`,
  anchors: (from) => `the anchors do not fit together at line ${from}`,
};

export const finding = (
  kind: FindingKind,
  chain: string | null,
  from: number,
  to = from,
  text = texts[kind](from, to),
): Finding => ({ kind, chain, from, to, text });
