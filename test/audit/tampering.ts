import { hashOfEntry, type KeptEntry, type Link } from '#domain/audit/chain.ts';
import type { FindingKind } from '#domain/audit/verifying/findings.ts';
import type { Random } from '#test/drills/random.ts';

/** A chain with something done to it, what must be said of it, and where. */
export interface Tampered {
  entries: KeptEntry[];
  kinds: FindingKind[];
  /** Some finding has to reach into this. */
  from: number;
  to: number;
}

export interface Tampering {
  title: string;
  /** Where order is what the numbers say, there is nothing to see. */
  onlyInFiles?: boolean;
  apply(entries: KeptEntry[], from: Link, random: Random): Tampered;
}

const copyOf = (entries: KeptEntry[]): KeptEntry[] => entries.map(({ entry, hash }) => ({ entry: { ...entry }, hash }));
/** Not the first and not the last. */
const middle = (entries: KeptEntry[], random: Random): number => 1 + random.below(entries.length - 3);
const edit = ({ entry, hash }: KeptEntry): KeptEntry => ({ entry: { ...entry, type: `${entry.type}_not` }, hash });

/** As somebody does who knows how the chain is made: all hashes fit again, only no key signs them. */
export function rehash(entries: KeptEntry[], from: Link): KeptEntry[] {
  let { hash } = from;
  return entries.map(({ entry }, at) => {
    const placed = { ...entry, sequence: from.sequence + at + 1 };
    hash = hashOfEntry(hash, placed);
    return { entry: placed, hash };
  });
}

function renumber(entries: KeptEntry[], from: Link): KeptEntry[] {
  return entries.map(({ entry, hash }, at) => ({ entry: { ...entry, sequence: from.sequence + at + 1 }, hash }));
}

const removing = (entries: KeptEntry[], at: number): KeptEntry[] => entries.filter((_one, index) => index !== at);

function inserting(entries: KeptEntry[], at: number): KeptEntry[] {
  const [model] = copyOf(entries.slice(at, at + 1));
  const slipped = {
    entry: { ...model!.entry, id: '999999', stream: 'tenant:invented', type: 'tenant.invented' },
    hash: Buffer.alloc(32, 7),
  };
  return entries.toSpliced(at, 0, slipped);
}

const swapping = (entries: KeptEntry[], one: number, other: number): KeptEntry[] =>
  entries.map((entry, at) => entries[at === one ? other : at === other ? one : at] ?? entry);

/** Each way that the issue names, as a careless and as a careful hand does it. */
export const tamperings: Tampering[] = [
  {
    title: 'an edit',
    apply(entries, { sequence }, random) {
      const at = random.below(entries.length);
      const changed = copyOf(entries).map((kept, index) => (index === at ? edit(kept) : kept));
      return { entries: changed, kinds: ['edited'], from: sequence + at + 1, to: sequence + at + 1 };
    },
  },
  {
    title: 'an edit with a hash that fits',
    apply(entries, from, random) {
      const at = middle(entries, random);
      const changed = copyOf(entries);
      const { entry } = edit(changed[at]!);
      changed[at] = { entry, hash: hashOfEntry(changed[at - 1]!.hash, entry) };
      return { entries: changed, kinds: ['edited'], from: from.sequence + at + 1, to: from.sequence + at + 2 };
    },
  },
  {
    title: 'an edit after which all is hashed anew',
    apply(entries, from, random) {
      const at = random.below(entries.length);
      const changed = rehash(
        copyOf(entries).map((kept, index) => (index === at ? edit(kept) : kept)),
        from,
      );
      return { entries: changed, kinds: ['edited'], from: from.sequence + at + 1, to: from.sequence + entries.length };
    },
  },
  {
    title: 'a deletion',
    apply(entries, { sequence }, random) {
      const at = random.below(entries.length - 1);
      return {
        entries: removing(copyOf(entries), at),
        kinds: ['deleted'],
        from: sequence + at + 1,
        to: sequence + at + 1,
      };
    },
  },
  {
    title: 'a deletion after which the rest is renumbered',
    apply(entries, from, random) {
      const at = random.below(entries.length - 2);
      const place = from.sequence + at + 1;
      return { entries: renumber(removing(copyOf(entries), at), from), kinds: ['deleted'], from: place, to: place };
    },
  },
  {
    // With no head between, it is a chain whose last entry is missing.
    title: 'a deletion after which all is hashed anew',
    apply(entries, from, random) {
      const at = random.below(entries.length - 1);
      const left = rehash(removing(copyOf(entries), at), from);
      return {
        entries: left,
        kinds: ['deleted', 'cut'],
        from: from.sequence + at + 1,
        to: from.sequence + entries.length,
      };
    },
  },
  {
    title: 'two that changed places',
    onlyInFiles: true,
    apply(entries, { sequence }, random) {
      const at = middle(entries, random);
      const swapped = swapping(copyOf(entries), at, at + 1);
      return { entries: swapped, kinds: ['reordered'], from: sequence + at + 1, to: sequence + at + 2 };
    },
  },
  {
    title: 'two that changed places and numbers',
    apply(entries, from, random) {
      const at = middle(entries, random);
      const swapped = renumber(swapping(copyOf(entries), at, at + 1), from);
      return { entries: swapped, kinds: ['reordered'], from: from.sequence + at + 1, to: from.sequence + at + 2 };
    },
  },
  {
    title: 'two whose contents were exchanged',
    apply(entries, { sequence }, random) {
      const at = middle(entries, random);
      const changed = copyOf(entries);
      const [one, other] = [changed[at]!, changed[at + 1]!];
      changed[at] = { entry: { ...other.entry, sequence: one.entry.sequence }, hash: one.hash };
      changed[at + 1] = { entry: { ...one.entry, sequence: other.entry.sequence }, hash: other.hash };
      return { entries: changed, kinds: ['reordered'], from: sequence + at + 1, to: sequence + at + 2 };
    },
  },
  {
    title: 'two far from each other that changed places',
    onlyInFiles: true,
    apply(entries, { sequence }, random) {
      const one = random.below(Math.floor(entries.length / 2));
      const other = entries.length - 2 - random.below(Math.floor(entries.length / 3));
      const swapped = swapping(copyOf(entries), one, other);
      return { entries: swapped, kinds: ['reordered'], from: sequence + one + 1, to: sequence + other + 1 };
    },
  },
  {
    title: 'an insertion',
    apply(entries, { sequence }, random) {
      const at = middle(entries, random);
      return {
        entries: inserting(copyOf(entries), at),
        kinds: ['inserted'],
        from: sequence + at + 1,
        to: sequence + at + 1,
      };
    },
  },
  {
    title: 'an insertion with a hash that fits',
    apply(entries, from, random) {
      const at = middle(entries, random);
      const changed = inserting(copyOf(entries), at);
      changed[at] = { ...changed[at]!, hash: hashOfEntry(changed[at - 1]!.hash, changed[at]!.entry) };
      return { entries: changed, kinds: ['inserted'], from: from.sequence + at + 1, to: from.sequence + at + 1 };
    },
  },
  {
    title: 'an insertion after which the rest is renumbered',
    apply(entries, from, random) {
      const at = middle(entries, random);
      const place = from.sequence + at + 1;
      return { entries: renumber(inserting(copyOf(entries), at), from), kinds: ['inserted'], from: place, to: place };
    },
  },
  {
    title: 'an insertion after which all is hashed anew',
    apply(entries, from, random) {
      const at = middle(entries, random);
      const all = rehash(inserting(copyOf(entries), at), from);
      return { entries: all, kinds: ['inserted'], from: from.sequence + at + 1, to: from.sequence + all.length };
    },
  },
  {
    title: 'a cut tail',
    apply(entries, { sequence }, random) {
      const left = 1 + random.below(entries.length - 2);
      return {
        entries: copyOf(entries.slice(0, left)),
        kinds: ['cut'],
        from: sequence + left + 1,
        to: sequence + entries.length,
      };
    },
  },
];
