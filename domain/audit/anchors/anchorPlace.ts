import { createHash } from 'node:crypto';
import { canonical } from '../canonical.ts';
import type { AnchorStatement, SignedStatement } from '../statements.ts';

export type AnchorLine = SignedStatement<AnchorStatement>;

/** What an anchor's place holds at one place: the text as it lies there, and the anchor that it is; null when it is none. */
export interface KeptLine {
  text: string;
  anchor: AnchorLine | null;
}

/** Where heads are written down outside the database. It only ever grows. */
export interface AnchorPlace {
  /** For people. */
  readonly name: string;
  /** The newest anchor; null when there is none yet. */
  newest(): Promise<KeptLine | null>;
  /** Resolves when it would survive a power cut. */
  append(line: AnchorLine): Promise<void>;
  /** All, the oldest first. */
  lines(): AsyncIterable<KeptLine>;
}

export const textOfLine = (line: AnchorLine): string => canonical(line);

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
