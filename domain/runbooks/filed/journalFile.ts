import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, ftruncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import type { Entry, Happening } from './entries.ts';

const journalName = 'journal.jsonl';
const headName = 'head.json';
const before = '0'.repeat(64);

interface Line extends Entry {
  /** SHA-256 over the line before's and this entry, in hex. */
  chain: string;
}

/**
 * An execution's journal without a registry: `journal.jsonl`, to which lines are only ever added, and `head.json`, which says how many of them
 * count at least. A line is on the disk before anything that follows from it is done. What a process wrote while it was killed is a torn last line:
 * it never counted, and goes. Anything else that is not as it was written refuses with `journal_damaged`.
 */
export class JournalFile {
  readonly #folder: string;
  readonly #file: number;
  readonly #entries: Entry[];
  #chain: string;

  private constructor(folder: string, file: number, entries: Entry[], chain: string) {
    this.#folder = folder;
    this.#file = file;
    this.#entries = entries;
    this.#chain = chain;
  }

  /** The lines that count; none where there is no journal yet. Writes nothing. */
  static read(folder: string): Entry[] {
    return readLines(folder).entries;
  }

  /** To be written by one process at a time: whoever opens it holds the folder. */
  static open(folder: string): JournalFile {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { entries, chain, bytes } = readLines(folder);
    const file = openSync(join(folder, journalName), 'a', 0o600);
    ftruncateSync(file, bytes);
    fsyncSync(file);
    const journal = new JournalFile(folder, file, entries, chain);
    // A line that was written and not counted before the end counts now.
    if (entries.length > 0) journal.#writeHead();
    else syncFolder(folder);
    return journal;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** On the disk when this returns. */
  append(is: Happening, at: Date): Entry {
    const entry: Entry = { number: this.#entries.length + 1, at: at.toISOString(), is };
    const chain = chainOf(this.#chain, entry);
    writeSync(this.#file, `${textOf(entry, chain)}\n`);
    fsyncSync(this.#file);
    this.#entries.push(entry);
    this.#chain = chain;
    this.#writeHead();
    return entry;
  }

  close(): void {
    closeSync(this.#file);
  }

  #writeHead(): void {
    replaceFile(this.#folder, headName, `${JSON.stringify({ number: this.#entries.length, chain: this.#chain })}\n`);
  }
}

/** The whole file or what was there before it, whenever it is broken off. */
export function replaceFile(folder: string, name: string, text: string): void {
  const passing = join(folder, `${name}.new`);
  const file = openSync(passing, 'w', 0o600);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(passing, join(folder, name));
  syncFolder(folder);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

const textOf = ({ number, at, is }: Entry, chain: string): string => JSON.stringify({ number, at, is, chain });

const chainOf = (last: string, { number, at, is }: Entry): string =>
  createHash('sha256').update(last).update(JSON.stringify({ number, at, is })).digest('hex');

function readLines(folder: string): { entries: Entry[]; chain: string; bytes: number } {
  const text = readIfThere(join(folder, journalName));
  const counted = headOf(readIfThere(join(folder, headName)));
  const entries: Entry[] = [];
  let chain = before;
  let bytes = 0;
  for (const written of text === null ? [] : text.split('\n').slice(0, -1)) {
    const line = parse(written);
    if (!line || line.number !== entries.length + 1 || written !== textOf(line, chainOf(chain, line)))
      throw damaged(`line ${entries.length + 1} is not as it was written`);
    entries.push({ number: line.number, at: line.at, is: line.is });
    chain = line.chain;
    bytes += Buffer.byteLength(written) + 1;
    if (counted?.number === line.number && counted.chain !== line.chain)
      throw damaged(`line ${line.number} is another than the one that was counted`);
  }
  if (entries.length < (counted?.number ?? 0))
    throw damaged(`it has ${entries.length} whole lines, and ${counted?.number} were written`);
  if (entries.length > 0 && entries[0]!.is.kind !== 'opened') throw damaged('it does not begin at its beginning');
  return { entries, chain, bytes };
}

function parse(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Line | null;
    return typeof line === 'object' && line !== null && typeof line.is === 'object' ? line : null;
  } catch {
    return null;
  }
}

function headOf(text: string | null): { number: number; chain: string } | null {
  if (text === null) return null;
  const head = parseHead(text);
  if (typeof head?.number !== 'number' || typeof head.chain !== 'string') throw damaged('its head cannot be read');
  return head;
}

function parseHead(text: string): { number: number; chain: string } | null {
  try {
    return JSON.parse(text) as { number: number; chain: string } | null;
  } catch {
    return null;
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const damaged = (how: string): DomainError =>
  new DomainError(
    'journal_damaged',
    `The journal cannot be believed: ${how}. What it tells can be read by eye; begin a new one in another folder, and pass over what was done.`,
  );
