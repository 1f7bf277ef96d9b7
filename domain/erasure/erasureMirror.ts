import { textOfLine } from '../audit/anchors/anchorPlace.ts';
import type { Place } from '../places/place.ts';
import { erasureLines, type ErasureLedger, type ErasureLine } from './erasureLedger.ts';

const folder = 'erasures';
const keyOf = (number: number): string => `${folder}/${String(number).padStart(12, '0')}.json`;

/**
 * Copies the lines of the ledger that the place of backups has not got yet: whoever restores from there has to know of every erasure, also of
 * those after the newest backup. Returns how many were copied.
 */
export async function mirrorErasures(ledger: ErasureLedger, place: Place): Promise<number> {
  const there = new Set<string>();
  for await (const { key } of place.list(folder)) there.add(key);
  let copied = 0;
  for await (const { text, anchor } of ledger.lines()) {
    if (!anchor || there.has(keyOf(anchor.number))) continue;
    await place.put(keyOf(anchor.number), once(Buffer.from(text)));
    copied += 1;
  }
  return copied;
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

/** The lines in the place of backups, as text, the oldest first. */
export async function* mirroredErasures(place: Place): AsyncIterable<Buffer> {
  for await (const { key } of place.list(folder)) {
    const held: Buffer[] = [];
    for await (const piece of place.get(key)) held.push(piece);
    const { anchor } = erasureLines.read(Buffer.concat(held).toString());
    if (anchor) yield Buffer.from(`${textOfLine(anchor satisfies ErasureLine)}\n`);
  }
}
