import { createHash } from 'node:crypto';
import { canonical } from '../canonical.ts';
import type { AnchorStatement, SignedStatement } from '../statements.ts';

export type AnchorLine = SignedStatement<AnchorStatement>;

/** What a place of lines holds at one place: the text as it lies there, and the line that it is; null when it is none. */
export interface KeptLine<Line = AnchorLine> {
  text: string;
  anchor: Line | null;
}

/** What is written down outside the database, numbered and linked. It only ever grows. */
export interface LinePlace<Line extends { number: number; at: string }> {
  /** For people. */
  readonly name: string;
  /** The newest line; null when there is none yet. */
  newest(): Promise<KeptLine<Line> | null>;
  /** Resolves when it would survive a power cut. */
  append(line: Line): Promise<void>;
  /** All, the oldest first. */
  lines(): AsyncIterable<KeptLine<Line>>;
}

/** Where heads are written down. */
export type AnchorPlace = LinePlace<AnchorLine>;

/** How lines of a kind are told from others, and what the file of them is called. */
export interface LineKind<Line> {
  read(text: string): KeptLine<Line>;
  fileName: string;
}

export const textOfLine = (line: object): string => canonical(line);

/** What the next line calls its previous one. */
export const digestOfLine = (text: string): string => createHash('sha256').update(text).digest('hex');

export function readLine(text: string): KeptLine {
  try {
    const read = JSON.parse(text) as AnchorLine;
    const isAnchor = read.kind === 'anchor' && Number.isInteger(read.number) && Array.isArray(read.heads);
    return { text, anchor: isAnchor ? read : null };
  } catch {
    return { text, anchor: null };
  }
}

export const anchorLines: LineKind<AnchorLine> = { read: readLine, fileName: 'anchors.jsonl' };
