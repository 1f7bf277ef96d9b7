import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { anchorLines, textOfLine, type LineKind } from '../../audit/anchors/anchorPlace.ts';
import { openLines } from '../../audit/anchors/openAnchors.ts';
import type { Configuration } from '../../configuration.ts';
import { erasureLines } from '../../erasure/erasureLedger.ts';

/** What lies in files beside the registry, under names of ours; the master key is not among them. */
export const besideNames = ['erasures', 'anchors', 'environment', 'database-passwords'] as const;
export type BesideName = (typeof besideNames)[number];

const secrets: Partial<Record<BesideName, string>> = {
  environment: 'secrets/environment',
  'database-passwords': 'secrets/database-passwords.json',
};

/** Lines wherever they are kept, as one text; settings and passwords where `npm start` wrote them down. */
export async function* filesBeside({
  dataDir,
  erasure,
  audit,
}: Pick<Configuration, 'dataDir' | 'erasure' | 'audit'>): AsyncIterable<{
  name: BesideName;
  pieces: AsyncIterable<Buffer>;
}> {
  yield { name: 'erasures', pieces: linesAt(erasure.ledger, erasureLines) };
  yield { name: 'anchors', pieces: linesAt(audit.anchor, anchorLines) };
  for (const name of besideNames) {
    const path = secrets[name] && join(dataDir, secrets[name]);
    if (path && (await isFile(path))) yield { name, pieces: createReadStream(path) as AsyncIterable<Buffer> };
  }
}

async function* linesAt<Line extends { number: number; at: string }>(
  where: string,
  kind: LineKind<Line>,
): AsyncIterable<Buffer> {
  for await (const { text } of openLines(where, kind).lines()) yield Buffer.from(`${text}\n`);
}

/**
 * Writes lines to where they are kept, unless there are as many already: what is kept apart may have outlived what was lost, and then
 * it knows more. Returns how many were written.
 */
export async function restoreLines<Line extends { number: number; at: string }>(
  where: string,
  kind: LineKind<Line>,
  pieces: AsyncIterable<Buffer>,
): Promise<number> {
  const place = openLines(where, kind);
  const there = (await place.newest())?.anchor?.number ?? 0;
  let text = '';
  for await (const piece of pieces) text += piece.toString();
  let written = 0;
  for (const line of text.split('\n')) {
    const { anchor } = kind.read(line);
    // Only a line that is written again exactly as it was: others are left to whoever looks at the backup.
    if (!anchor || anchor.number <= there || textOfLine(anchor) !== line) continue;
    await place.append(anchor);
    written += 1;
  }
  return written;
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
