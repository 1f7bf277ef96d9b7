import { digestOfLine, type AnchorPlace } from '../anchors/anchorPlace.ts';
import type { KeyBook } from '../statements.ts';
import type { Witness } from './chainCheck.ts';
import { finding, type Finding } from './findings.ts';

interface Line {
  number: number;
  at: string;
  heads: { chain: string; sequence: number }[];
}

/** What the anchors outside say, line by line, after it was checked that they hang together. */
export class AnchorBook {
  readonly findings: Finding[] = [];
  readonly notes: string[] = [];
  readonly #witnesses = new Map<string, Witness[]>();
  readonly #lines: Line[] = [];
  #later = 0;

  /**
   * @param installation whose anchors these have to be; null takes the lines' word for it
   * @param until what was anchored later is checked for itself, but says nothing of a copy that was made by then
   */
  static async read(
    place: Pick<AnchorPlace, 'lines'>,
    installation: string | null,
    keys: KeyBook,
    until?: string,
  ): Promise<AnchorBook> {
    const book = new AnchorBook();
    let previous: string | null = null;
    let former = 0;
    for await (const { text, anchor } of place.lines()) {
      if (!anchor) {
        // A crash leaves one; the next line is linked to the one before it, or something was taken away here.
        book.notes.push(`after line ${former} of the anchors stands something that is none`);
        continue;
      }
      const { number, at } = anchor;
      if (anchor.installation !== installation && installation !== null)
        book.findings.push(finding('anchors', null, number, number, `line ${number} is of another installation`));
      else if (!keys.vouchesFor(anchor))
        book.findings.push(
          finding('signature', null, number, number, `line ${number} of the anchors is not signed by a known key`),
        );
      else if (anchor.previous !== previous || (former > 0 && number !== former + 1))
        book.findings.push(finding('anchors', null, number));
      previous = digestOfLine(text);
      former = number;
      if (until !== undefined && at > until) {
        book.#later += 1;
        continue;
      }
      for (const { chain, sequence, hash } of anchor.heads) {
        const known = book.#witnesses.get(chain) ?? [];
        known.push({ sequence, hash: Buffer.from(hash, 'hex'), anchor: number });
        book.#witnesses.set(chain, known);
      }
      book.#lines.push({ number, at, heads: anchor.heads });
    }
    if (book.#later > 0) book.notes.push(`${book.#later} anchors are newer than the export and say nothing of it`);
    return book;
  }

  get lines(): number {
    return this.#lines.length;
  }

  get chains(): string[] {
    return [...this.#witnesses.keys()];
  }

  get newestAt(): string | null {
    return this.#lines.at(-1)?.at ?? null;
  }

  /** @param before what was anchored from then on is left out */
  witnessesOf(chain: string, before: string | null = null): readonly Witness[] {
    const all = this.#witnesses.get(chain) ?? [];
    if (before === null) return all;
    const last = this.#lines.findLast(({ at }) => at < before)?.number ?? 0;
    return all.filter(({ anchor = 0 }) => anchor <= last);
  }

  /**
   * Several chains that end where they once ended together, and nothing that was anchored later: no tail was cut, the whole copy is old.
   *
   * @param tips where each chain ends now
   */
  nameRestored(findings: Finding[], tips: ReadonlyMap<string, number>): Finding[] {
    const cut = findings.filter(({ kind }) => kind === 'cut');
    const newestKnown = this.#lines.findLastIndex(({ heads }) =>
      heads.some(({ chain, sequence }) => (tips.get(chain) ?? 0) >= sequence),
    );
    const lost = new Set(this.#lines.slice(newestKnown + 1).flatMap(({ heads }) => heads.map(({ chain }) => chain)));
    const endsWhereItDid = cut.every(
      ({ chain }) =>
        this.witnessesOf(chain ?? '').some(({ sequence }) => sequence === (tips.get(chain ?? '') ?? 0)) ||
        (tips.get(chain ?? '') ?? 0) === 0,
    );
    const isOld = cut.length > 1 && endsWhereItDid && cut.every(({ chain }) => lost.has(chain ?? ''));
    if (!isOld) return findings;
    const of = this.#lines[newestKnown];
    const since = of ? `of ${of.at} (line ${of.number} of the anchors)` : 'of before the first anchor';
    return findings.map((one) =>
      one.kind === 'cut'
        ? { ...one, kind: 'restored', text: `this copy is ${since}: entries ${one.from} to ${one.to} came after it` }
        : one,
    );
  }
}
