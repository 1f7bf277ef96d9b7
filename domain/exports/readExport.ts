import { createHash } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import { NotInPlace } from '../places/place.ts';
import { BrokenSeal, unsealFile } from '../places/sealedFile.ts';
import { linesOf, manifestKeyOf, sealContextOf, folderOf, type ManifestEnd, type ManifestPart } from './manifest.ts';
import { measuring, type ExportTarget } from './writeExport.ts';

/** A file of the export in the clear. Throws {@link NotInPlace} or {@link BrokenSeal}. */
export const openFile = ({ place, key, exportId }: ExportTarget, name: string): AsyncIterable<Buffer> =>
  unsealFile(key, place.get(name), sealContextOf(exportId, name));

/** The parts by the manifest, in their order. Throws when it is not the manifest with this digest. */
export async function* partsOf(target: ExportTarget, manifestDigest: Buffer): AsyncIterable<ManifestPart> {
  const digest = createHash('sha256');
  async function* passing(): AsyncIterable<Buffer> {
    for await (const piece of openFile(target, manifestKeyOf(target))) {
      digest.update(piece);
      yield piece;
    }
  }
  let end: ManifestEnd | null = null;
  let count = 0;
  for await (const line of linesOf(passing())) {
    if (line.record === 'end') end = line;
    if (line.record !== 'part') continue;
    count += 1;
    yield line;
  }
  if (end?.parts !== count || !digest.digest().equals(manifestDigest))
    throw broken('the manifest is not the one that was written');
}

const broken = (what: string, cause?: unknown): DomainError =>
  new DomainError('export_broken', `The export is not what was written: ${what}.`, { cause });

/** What an export says it holds, by source. */
export type Held = Map<string, { files: number; rows: number; bytes: number }>;

/**
 * Reads everything again, against its digests, and against what lies in the place: nothing may be changed, missing, or too much.
 * Refuses with `export_broken`.
 */
export async function verifyExport(target: ExportTarget, manifestDigest: Buffer, signal: AbortSignal): Promise<Held> {
  const held: Held = new Map();
  let files = 0;
  try {
    for await (const part of partsOf(target, manifestDigest)) {
      files += 1;
      const { pieces, result } = measuring(openFile(target, part.key));
      for await (const _piece of pieces) signal.throwIfAborted();
      const { bytes, lines, sha256 } = result();
      if (bytes !== part.bytes || sha256 !== part.sha256 || (part.rows !== null && part.rows !== lines))
        throw broken(`part ${files} has another digest`);
      const of = held.get(part.source) ?? { files: 0, rows: 0, bytes: 0 };
      held.set(part.source, { files: of.files + 1, rows: of.rows + (part.rows ?? 0), bytes: of.bytes + bytes });
    }
  } catch (error) {
    if (error instanceof NotInPlace) throw broken('a file is missing', error);
    if (error instanceof BrokenSeal || error instanceof SyntaxError)
      throw broken(`the seal of part ${files} is broken`, error);
    throw error;
  }
  let lying = 0;
  for await (const _file of target.place.list(folderOf(target))) lying += 1;
  if (lying !== files + 1) throw broken(`${lying} files lie where ${files + 1} were written`);
  return held;
}
