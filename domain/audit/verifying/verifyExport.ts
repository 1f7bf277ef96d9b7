import { createHash } from 'node:crypto';
import type { AnchorPlace } from '../anchors/anchorPlace.ts';
import { canonical } from '../canonical.ts';
import { beginningOf } from '../chain.ts';
import type { UnreadableLine } from '../exporting/readExport.ts';
import type { ExportRecord } from '../exporting/records.ts';
import { KeyBook, type PublicKey, type SignedStatement, type Statement } from '../statements.ts';
import { AnchorBook } from './anchorBook.ts';
import { ChainCheck } from './chainCheck.ts';
import { finding, type Finding } from './findings.ts';
import type { Verified } from './verifyRegistry.ts';

/** What a verifier has besides the export: keys that it trusts for a reason of its own, and anchors from outside the database. */
export interface Means {
  keys: readonly PublicKey[];
  anchors: Pick<AnchorPlace, 'lines'> | null;
}

export interface VerifiedExport extends Verified {
  installation: string | null;
  at: string | null;
}

/** Checks an export with nothing but itself, the keys and the anchors: no server is asked. */
export async function verifyExport(
  records: AsyncIterable<ExportRecord | UnreadableLine>,
  { keys: trusted, anchors }: Means,
): Promise<VerifiedExport> {
  const reading = new ExportCheck(trusted, anchors);
  for await (const record of records) await reading.take(record);
  return reading.end();
}

class ExportCheck {
  readonly #keys: KeyBook;
  readonly #isPinned: boolean;
  readonly #anchors: Means['anchors'];
  readonly #findings: Finding[] = [];
  readonly #notes = new Set<string>();
  readonly #digest = createHash('sha256');
  readonly #tips = new Map<string, number>();
  #header: Extract<ExportRecord, { record: 'export' }> | null = null;
  #book: AnchorBook | null = null;
  #check: { chain: string; check: ChainCheck } | null = null;
  #entries = 0;
  #isOver = false;

  constructor(trusted: readonly PublicKey[], anchors: Means['anchors']) {
    this.#keys = new KeyBook(trusted);
    this.#isPinned = trusted.length > 0;
    this.#anchors = anchors;
  }

  async take(record: ExportRecord | UnreadableLine): Promise<void> {
    if (this.#isOver) this.#note('after its end the export goes on; what stands there was not looked at');
    if (this.#isOver) return;
    if (record.record === 'unreadable')
      return void this.#findings.push(
        finding('edited', null, 0, 0, `line ${record.line} of the export is no record any more`),
      );
    if (record.record === 'end') return this.#takeEnd(record);
    this.#digest.update(`${canonical(record)}\n`);
    if (record.record === 'export') this.#header = record;
    else if (record.record === 'key') this.#takeKey(record);
    else if (record.record === 'chain') await this.#takeChain(record);
    else if (record.record === 'head') await this.#takeHead(record);
    else if (record.record === 'entry') await this.#takeEntry(record);
  }

  async end(): Promise<VerifiedExport> {
    this.#endChain();
    const book = await this.#anchored();
    if (!this.#isOver)
      this.#findings.push(finding('cut', null, 0, 0, 'the export has no end: its last lines are missing'));
    if (!this.#isPinned)
      this.#note('no key was given: the keys in the export were believed; compare them with what was saved (--key)');
    if (!this.#anchors)
      this.#note('no anchors were given: an old copy, or a tail cut together with its heads, is not seen (--anchors)');
    if (this.#header?.to) this.#note(`the export was limited to what was sealed before ${this.#header.to}`);
    if (book && this.#header?.whole)
      for (const chain of book.chains)
        if (!this.#tips.has(chain) && !this.#header.from)
          this.#findings.push(finding('cut', chain, 1, book.witnessesOf(chain).at(-1)?.sequence ?? 1));
    const findings = [...(book?.findings ?? []), ...this.#findings];
    return {
      installation: this.#header?.installation ?? null,
      at: this.#header?.at ?? null,
      entries: this.#entries,
      chains: this.#tips.size,
      anchors: book?.lines ?? 0,
      findings: book ? book.nameRestored(findings, this.#tips) : findings,
      notes: [...this.#notes, ...(book?.notes ?? [])],
    };
  }

  readonly #note = (text: string): void => void this.#notes.add(text);

  /** A key in the export counts when nobody said which to trust, or one that counts endorses it. */
  #takeKey({ endorsement, ...key }: Extract<ExportRecord, { record: 'key' }>): void {
    this.#waitingKeys.push({ key, endorsement });
    for (let found = true; found;) {
      found = false;
      for (const { key, endorsement } of this.#waitingKeys) {
        if (this.#keys.has(key.kid)) continue;
        const isEndorsed =
          endorsement?.kid !== undefined && this.#keys.vouchesFor(endorsement) && endorsement.publicKey === key.x;
        if ((!this.#isPinned || isEndorsed) && this.#keys.add(key)) found = true;
      }
    }
  }
  readonly #waitingKeys: { key: PublicKey; endorsement: SignedStatement<Statement & { kind: 'key' }> | null }[] = [];

  async #takeChain({ chain, after }: Extract<ExportRecord, { record: 'chain' }>): Promise<void> {
    this.#endChain();
    let from = beginningOf(this.#header?.installation ?? '', chain);
    if (after && this.#isSigned(after, chain))
      from = { sequence: after.sequence, hash: Buffer.from(after.hash, 'hex') };
    const check = new ChainCheck(chain, from);
    const book = await this.#anchored();
    for (const witness of book?.witnessesOf(chain, this.#header?.to ?? null) ?? []) check.expect(witness);
    this.#check = { chain, check };
  }

  async #takeHead({ record: _record, ...head }: Extract<ExportRecord, { record: 'head' }>): Promise<void> {
    if (this.#check?.chain !== head.chain) await this.#takeChain({ record: 'chain', chain: head.chain, after: null });
    if (this.#isSigned(head, head.chain))
      this.#check?.check.expect({ sequence: head.sequence, hash: Buffer.from(head.hash, 'hex') });
  }

  async #takeEntry({ entry, hash }: Extract<ExportRecord, { record: 'entry' }>): Promise<void> {
    this.#entries += 1;
    // An entry of another chain in the midst of this one was put there: it fits nowhere.
    if (!this.#check) await this.#takeChain({ record: 'chain', chain: entry.chain, after: null });
    this.#check?.check.take({ entry, hash: Buffer.from(hash, 'hex') });
  }

  #endChain(): void {
    if (!this.#check) return;
    const { chain, check } = this.#check;
    this.#findings.push(...check.end());
    this.#tips.set(chain, check.tip.sequence);
    this.#check = null;
  }

  #isSigned(statement: SignedStatement<Statement & { sequence: number }>, chain: string): boolean {
    const isOurs =
      statement.installation === this.#header?.installation && 'chain' in statement && statement.chain === chain;
    if (isOurs && this.#keys.vouchesFor(statement)) return true;
    if (isOurs && !this.#keys.has(statement.kid))
      this.#note(`what the key ${statement.kid} signed does not count: it is not trusted`);
    else this.#findings.push(finding('signature', chain, statement.sequence));
    return false;
  }

  #takeEnd({ record: _record, ...end }: Extract<ExportRecord, { record: 'end' }>): void {
    this.#endChain();
    this.#isOver = true;
    const isWhole =
      end.digest === this.#digest.digest('hex') && end.entries === this.#entries && end.chains === this.#tips.size;
    if (!this.#keys.vouchesFor(end) || end.installation !== this.#header?.installation || end.at !== this.#header.at)
      this.#findings.push(finding('signature', null, 0, 0, 'the end of the export is not signed by a trusted key'));
    else if (!isWhole && this.#findings.length === 0)
      this.#findings.push(finding('edited', null, 0, 0, 'the export is not as it was written'));
  }

  /** Anchors are read once the keys are known. What was anchored after the export was made cannot be in it. */
  async #anchored(): Promise<AnchorBook | null> {
    if (!this.#anchors) return null;
    return (this.#book ??= await AnchorBook.read(
      this.#anchors,
      this.#header?.installation ?? null,
      this.#keys,
      this.#header?.at,
    ));
  }
}
