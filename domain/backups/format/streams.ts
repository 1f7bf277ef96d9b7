import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

const pieceBytes = 256 * 1024;
/** Fast enough that PostgreSQL is what one waits for (docs/decisions/0070). */
const level = 3;
/** The level's own window is 2 MiB: what asks for more memory than this was not written by us. */
const largestWindowLog = 23;

/** Counts and digests what passes; counts lines where asked to. */
export function measured(pieces: AsyncIterable<Buffer>): {
  pieces: AsyncIterable<Buffer>;
  result(): { bytes: number; sha256: string };
} {
  const digest = createHash('sha256');
  let bytes = 0;
  async function* pass(): AsyncIterable<Buffer> {
    for await (const piece of pieces) {
      digest.update(piece);
      bytes += piece.length;
      yield piece;
    }
  }
  return { pieces: pass(), result: () => ({ bytes, sha256: digest.digest('hex') }) };
}

/** How many bytes passed, and whether their end was reached. */
export function counted(pieces: AsyncIterable<Buffer>): {
  pieces: AsyncIterable<Buffer>;
  bytes(): number;
  isOver(): boolean;
} {
  let bytes = 0;
  let isOver = false;
  async function* pass(): AsyncIterable<Buffer> {
    for await (const piece of pieces) {
      bytes += piece.length;
      yield piece;
    }
    isOver = true;
  }
  return { pieces: pass(), bytes: () => bytes, isOver: () => isOver };
}

/** Zstandard (RFC 8878); its work is done beside the event loop. */
export function packed(pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const packing = createZstdCompress({
    chunkSize: pieceBytes,
    params: { [constants.ZSTD_c_compressionLevel]: level },
  });
  return through(pieces, packing);
}

/** Throws what {@link isOfPacking} knows when it is not what {@link packed} gave. */
export function unpacked(pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const unpacking = createZstdDecompress({
    chunkSize: pieceBytes,
    params: { [constants.ZSTD_d_windowLogMax]: largestWindowLog },
  });
  return through(pieces, unpacking);
}

/** What {@link unpacked} throws of bytes that were not packed so. */
export const isOfPacking = (error: unknown): boolean =>
  /^(?:ERR_ZSTD|ZSTD_|Z_)/.test(`${(error as { code?: string }).code}`);

async function* through(
  pieces: AsyncIterable<Buffer>,
  changing: ReturnType<typeof createZstdCompress | typeof createZstdDecompress>,
): AsyncIterable<Buffer> {
  const from = Readable.from(pieces, { objectMode: true, highWaterMark: 2 });
  // Whoever reads is told by the reading; whoever stops reading ends the source too.
  pipeline(from, changing, () => undefined);
  yield* changing as AsyncIterable<Buffer>;
}
