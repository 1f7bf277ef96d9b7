import { hashOfEntry, type KeptEntry, type Link } from '../chain.ts';
import { finding, type Finding, type FindingKind } from './findings.ts';

/** A head or an anchor: where it says that the chain was. */
export interface Witness extends Link {
  /** The number of the anchor that says so: anchors are told of in their order. */
  anchor?: number;
}

/** As many entries may wait for their place; more than that is no chain any more. */
const mostLoose = 5_000;
/** Entries that were renumbered are looked for this far from where they stood. */
const farthestShift = 3;
/** How far back an entry that was slipped in with a hash that fits may be found out. */
const remembered = 100;
const unknown = Buffer.alloc(0);

interface Placed extends KeptEntry {
  sequence: number;
  previous: Buffer;
}

/**
 * Follows one chain as it is kept, entry by entry, and finds out what was done to it. An entry fits when its hash follows from the
 * former one; what does not fit waits until its place is seen, and is named by how it comes to it, or that it never does.
 */
export class ChainCheck {
  readonly #chain: string;
  #tip: Link;
  #loose: KeptEntry[] = [];
  /** What is missing so far, each with the hash of what stood before it. */
  readonly #gaps = new Map<number, Buffer>();
  readonly #edited: Placed[] = [];
  readonly #inserted: [from: number, to: number][] = [];
  readonly #reordered = new Set<number>();
  /** The newest that fit, to go back to. */
  #placed: Link[];
  /** Where the chain was rewritten so that its hashes fit again: only a witness shows it. */
  #rewrittenAfter: number | null = null;
  #lastSure: number;
  /** The highest that a witness knows; of anchors, what the newest says. */
  #highest: Witness = { sequence: 0, hash: Buffer.alloc(0) };
  /** The chain went on from an earlier place: what a later witness knows, an earlier one knows otherwise. */
  #wentBack: [from: number, to: number] | null = null;
  #fitsAgain = false;
  readonly #witnesses = new Map<number, Witness[]>();
  readonly #findings: Finding[] = [];
  entries = 0;

  constructor(chain: string, from: Link) {
    this.#chain = chain;
    this.#tip = from;
    this.#placed = [from];
    this.#lastSure = from.sequence;
  }

  /** The last entry that fits. */
  get tip(): Link {
    return this.#tip;
  }

  /** Before the entry that it is about is taken. */
  expect(witness: Witness): void {
    const { sequence, hash, anchor } = witness;
    const highest = this.#highest;
    if (anchor !== undefined && highest.anchor !== undefined && sequence < highest.sequence)
      this.#wentBack = [sequence, Math.max(highest.sequence, this.#wentBack?.[1] ?? 0)];
    if (sequence > highest.sequence || (anchor !== undefined && highest.anchor !== undefined)) this.#highest = witness;
    if (sequence < this.#tip.sequence) return;
    if (sequence === this.#tip.sequence) return this.#compare(this.#tip, [witness]);
    const known = this.#witnesses.get(sequence) ?? [];
    if (!known.some((one) => one.hash.equals(hash))) this.#witnesses.set(sequence, [...known, witness]);
  }

  take(kept: KeptEntry): void {
    this.entries += 1;
    if (this.#fitsTip(kept)) return this.#settle(kept);
    if (this.#fillsGap(kept)) return;
    const former = this.#loose.find(({ hash }) => this.#follows(hash, kept) !== null);
    if (former && this.#skipTo(former, kept)) return;
    this.#loose.push(kept);
    if (this.#loose.length > mostLoose) this.#findings.push(this.#inserting(this.#loose.shift()!));
  }

  /** What was found, once the last entry was taken. */
  end(): Finding[] {
    this.#placeLast();
    this.#nameSwaps();
    const { sequence: tip } = this.#tip;
    for (const loose of this.#loose)
      this.#findings.push(
        this.#gaps.delete(loose.entry.sequence)
          ? finding('edited', this.#chain, loose.entry.sequence)
          : this.#inserting(loose),
      );
    for (const [from, to] of this.#inserted) this.#findings.push(finding('inserted', this.#chain, from, to));
    for (const { sequence } of this.#edited) this.#findings.push(finding('edited', this.#chain, sequence));
    for (const sequence of this.#reordered) this.#findings.push(finding('reordered', this.#chain, sequence));
    for (const [from, to] of spans([...this.#gaps.keys()]))
      this.#findings.push(finding('deleted', this.#chain, from, to));
    this.#nameRewriting(tip);
    return this.#findings.toSorted((one, other) => (one.from ?? 0) - (other.from ?? 0));
  }

  /** Whether it is the next one, under its own number or, having been renumbered, under that of its place. */
  #fitsTip({ entry, hash }: KeptEntry): boolean {
    const sequence = this.#tip.sequence + 1;
    return hashOfEntry(this.#tip.hash, { ...entry, sequence }).equals(hash);
  }

  #settle(kept: KeptEntry): void {
    this.#advance({ sequence: this.#tip.sequence + 1, hash: kept.hash });
    for (let next = this.#looseThatFits(); next; next = this.#looseThatFits()) {
      this.#reordered.add(this.#tip.sequence + 1);
      this.#advance({ sequence: this.#tip.sequence + 1, hash: next.hash });
    }
  }

  #looseThatFits(): KeptEntry | null {
    const at = this.#loose.findIndex((kept) => this.#fitsTip(kept));
    return at < 0 ? null : (this.#loose.splice(at, 1)[0] ?? null);
  }

  #fillsGap({ entry, hash }: KeptEntry): boolean {
    for (const [sequence, previous] of this.#gaps) {
      if (!hashOfEntry(previous, { ...entry, sequence }).equals(hash)) continue;
      this.#gaps.delete(sequence);
      this.#reordered.add(sequence);
      if (this.#gaps.has(sequence + 1)) this.#gaps.set(sequence + 1, hash);
      return true;
    }
    return false;
  }

  readonly #inserting = ({ entry }: KeptEntry): Finding => finding('inserted', this.#chain, entry.sequence);

  /** The number under which an entry follows this hash: its own, or one nearby from before it was renumbered. */
  #follows(previous: Buffer, { entry, hash }: KeptEntry): number | null {
    for (let shift = 0; shift <= farthestShift; shift++)
      for (const sequence of new Set([entry.sequence + shift, entry.sequence - shift]))
        if (hashOfEntry(previous, { ...entry, sequence }).equals(hash)) return sequence;
    return null;
  }

  /** An entry that fits nowhere is followed by one that fits to it: so its hash is the one that was sealed. */
  #skipTo(former: KeptEntry, next: KeptEntry): boolean {
    const place = this.#follows(former.hash, next)! - 1;
    if (place <= this.#tip.sequence && !this.#goBackTo(former, place)) return false;
    const expected = this.#tip.sequence + 1;
    this.#loose = this.#loose.filter((one) => one !== former);
    let previous: Buffer = this.#tip.hash;
    for (let missing = expected; missing < place; missing++) {
      this.#gaps.set(missing, previous);
      previous = this.#loose.find(({ entry }) => entry.sequence === missing)?.hash ?? unknown;
    }
    if (previous !== unknown && !hashOfEntry(previous, { ...former.entry, sequence: place }).equals(former.hash))
      this.#edited.push({ ...former, sequence: place, previous });
    this.#advance({ sequence: place, hash: former.hash });
    this.#settle(next);
    return true;
  }

  /** Two entries follow the same one, and the chain goes on from the second: the first was slipped in, with a hash that fits. */
  #goBackTo(former: KeptEntry, place: number): boolean {
    const at = this.#placed.findIndex(({ sequence }) => sequence === place - 1);
    const base = this.#placed[at];
    if (
      !base ||
      place <= this.#lastSure ||
      !hashOfEntry(base.hash, { ...former.entry, sequence: place }).equals(former.hash)
    )
      return false;
    this.#inserted.push([place, this.#tip.sequence]);
    this.#placed = this.#placed.slice(0, at + 1);
    if (this.#rewrittenAfter !== null && this.#rewrittenAfter >= base.sequence) this.#rewrittenAfter = null;
    this.#tip = base;
    return true;
  }

  /** The very last entry has none after it that could vouch for it. */
  #placeLast(): void {
    const last = this.#loose.at(-1);
    if (!last || last.entry.sequence <= this.#tip.sequence) return;
    const expected = this.#tip.sequence + 1;
    const known = this.#witnesses.get(last.entry.sequence)?.some(({ hash }) => hash.equals(last.hash)) ?? false;
    if (!known && last.entry.sequence !== expected) return;
    if (!known && this.#highest.sequence < expected) return;
    this.#loose.pop();
    for (let missing = expected; missing < last.entry.sequence; missing++)
      this.#gaps.set(missing, missing === expected ? this.#tip.hash : unknown);
    if (last.entry.sequence === expected) this.#edited.push({ ...last, sequence: expected, previous: this.#tip.hash });
    this.#advance({ sequence: last.entry.sequence, hash: last.hash });
  }

  #advance(to: Link): void {
    this.#tip = to;
    this.#placed.push(to);
    if (this.#placed.length > remembered * 2) this.#placed = this.#placed.slice(-remembered);
    const witnesses = this.#witnesses.get(to.sequence);
    if (!witnesses) return;
    this.#witnesses.delete(to.sequence);
    this.#compare(to, witnesses);
  }

  #compare({ sequence, hash }: Link, witnesses: Witness[]): void {
    const fits = witnesses.some((witness) => witness.hash.equals(hash));
    if (witnesses.some((witness) => !witness.hash.equals(hash))) this.#rewrittenAfter ??= this.#lastSure;
    if (fits && this.#rewrittenAfter === null) this.#lastSure = sequence;
    if (fits && this.#rewrittenAfter !== null) this.#fitsAgain = true;
  }

  /** Two that were edited into each other changed places. */
  #nameSwaps(): void {
    const suspects = [
      ...this.#edited,
      ...this.#loose.flatMap((loose) => {
        const previous = this.#gaps.get(loose.entry.sequence);
        return previous ? [{ ...loose, sequence: loose.entry.sequence, previous }] : [];
      }),
    ].slice(0, 200);
    for (const one of suspects)
      for (const other of suspects) {
        if (one === other) continue;
        const moved = hashOfEntry(other.previous, { ...one.entry, sequence: other.sequence });
        if (!moved.equals(other.hash)) continue;
        for (const { sequence, hash } of [one, other]) {
          this.#reordered.add(sequence);
          this.#gaps.delete(sequence);
          this.#loose = this.#loose.filter((loose) => loose.hash !== hash);
          const at = this.#edited.findIndex((edited) => edited.sequence === sequence);
          if (at >= 0) this.#edited.splice(at, 1);
        }
      }
  }

  /** What fits together but not to what was signed or anchored. */
  #nameRewriting(tip: number): void {
    const highest = this.#highest.sequence;
    const say = (kind: FindingKind, from: number, to: number, text?: string) =>
      void this.#findings.push(finding(kind, this.#chain, from, to, text));
    const isWhole = this.#findings.length === 0;
    if (this.#wentBack) return say('restored', this.#wentBack[0], this.#wentBack[1]);
    if (this.#rewrittenAfter !== null) {
      const from = this.#rewrittenAfter + 1;
      const to = Math.max(from, Math.min(tip, highest));
      if (this.#fitsAgain && isWhole) return say('restored', from, to);
      const kind = tip > highest ? 'inserted' : tip < highest ? 'deleted' : 'edited';
      const what = kind === 'edited' ? 'edited or reordered' : kind;
      return say(kind, from, to, `from entry ${from} on the chain was written anew: something was ${what}`);
    }
    if (tip < highest) say('cut', tip + 1, highest);
    else if (tip > highest) say('unsigned', highest + 1, tip);
  }
}

/** `[1, 2, 3, 7]` as 1 to 3 and 7 to 7. */
function spans(numbers: number[]): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const last = found.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found;
}
