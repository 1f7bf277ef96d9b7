import { createHash } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { Place } from '../places/place.ts';
import { sealFile } from '../places/sealedFile.ts';
import {
  folderOf,
  manifestKeyOf,
  safeNameOf,
  sealContextOf,
  textOfLine,
  type ManifestHead,
  type ManifestLine,
  type ManifestPart,
} from './manifest.ts';

/** A part as its source gives it; its pieces are read before the next part is asked for. */
export interface ExportPart {
  source: string;
  what: 'rows' | 'object';
  name: string;
  pieces: AsyncIterable<Buffer>;
  sourceRows?: number;
  about?: Record<string, unknown>;
}

export interface WrittenExport {
  manifestDigest: Buffer;
  files: number;
  rows: number;
  bytes: number;
}

export interface ExportTarget {
  place: Place;
  /** The tenant's: what is not readable any more after it is destroyed. */
  key: Buffer;
  tenantId: string;
  exportId: string;
}

/**
 * Writes all parts into the place, sealed, and the manifest that lists them, each while it is read: an export of any size costs the memory of
 * some pieces. Refuses (`export_failed`) when a part has other rows than its source counted.
 */
export async function writeExport(
  { place, key, tenantId, exportId }: ExportTarget,
  head: ManifestHead,
  parts: AsyncIterable<ExportPart>,
  signal: AbortSignal,
): Promise<WrittenExport> {
  const digest = createHash('sha256');
  const total = { files: 0, rows: 0, bytes: 0 };

  async function writePart(part: ExportPart): Promise<ManifestPart> {
    const number = (total.files += 1);
    const name = `${folderOf({ tenantId, exportId })}/parts/${String(number).padStart(8, '0')}`;
    const measured = measuring(part.pieces);
    await place.put(name, sealFile(key, measured.pieces, sealContextOf(exportId, name)), signal);
    const { bytes, lines, sha256 } = measured.result();
    const rows = part.what === 'rows' ? lines : null;
    if (rows !== null && part.sourceRows !== undefined && rows !== part.sourceRows)
      throw new DomainError(
        'export_failed',
        `The source counted ${part.sourceRows} rows where ${rows} could be read (part ${number}).`,
      );
    total.rows += rows ?? 0;
    total.bytes += bytes;
    return {
      record: 'part',
      path: pathOf(part, number),
      key: name,
      source: part.source,
      what: part.what,
      name: part.name,
      bytes,
      sha256,
      rows,
      ...(part.about ? { about: part.about } : {}),
    };
  }

  /** The manifest is what drives the export: each line is written once its part is. */
  async function* manifest(): AsyncIterable<Buffer> {
    const line = (one: ManifestLine): Buffer => {
      const text = textOfLine(one);
      digest.update(text);
      return text;
    };
    yield line(head);
    for await (const part of parts) {
      signal.throwIfAborted();
      yield line(await writePart(part));
    }
    yield line({ record: 'end', parts: total.files, rows: total.rows, bytes: total.bytes });
  }

  const manifestKey = manifestKeyOf({ tenantId, exportId });
  await place.put(manifestKey, sealFile(key, manifest(), sealContextOf(exportId, manifestKey)), signal);
  return { manifestDigest: digest.digest(), ...total };
}

const pathOf = ({ source, what, name }: ExportPart, number: number): string => {
  const safe = `${String(number).padStart(6, '0')}-${safeNameOf(name)}`;
  return what === 'rows' ? `data/${safeNameOf(source)}/${safe}.jsonl` : `files/${safe}`;
};

/** Counts and digests what passes. */
export function measuring(pieces: AsyncIterable<Buffer>): {
  pieces: AsyncIterable<Buffer>;
  result(): { bytes: number; lines: number; sha256: string };
} {
  const digest = createHash('sha256');
  let [bytes, lines] = [0, 0];
  async function* pass(): AsyncIterable<Buffer> {
    for await (const piece of pieces) {
      digest.update(piece);
      bytes += piece.length;
      for (let at = piece.indexOf(0x0a); at >= 0; at = piece.indexOf(0x0a, at + 1)) lines += 1;
      yield piece;
    }
  }
  return { pieces: pass(), result: () => ({ bytes, lines, sha256: digest.digest('hex') }) };
}
