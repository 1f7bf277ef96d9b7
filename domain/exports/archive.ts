import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { manifestKeyOf } from './manifest.ts';
import { openFile, partsOf } from './readExport.ts';
import { tarOf, type TarFile } from './tar.ts';
import type { ExportTarget } from './writeExport.ts';

const readMe = `What this is: everything that was kept for you, as it was when it was exported.

manifest.jsonl  the first line says of whom and when; then a line for each file with its SHA-256, size, rows, and
                what it was called where it came from; the last line counts them.
data/…          one file for each table: JSON Lines, an object a row, bytes as \\x and hexadecimal digits.
files/…         your files, numbered; their names are in the manifest.
`;

/** The whole export as one gzipped tar, in the clear, in the memory of some pieces. */
export async function* archiveOf(target: ExportTarget, manifestDigest: Buffer, at: Date): AsyncIterable<Buffer> {
  async function* files(): AsyncIterable<TarFile> {
    const text = Buffer.from(readMe);
    yield { path: 'README.txt', bytes: text.length, pieces: Readable.from([text]) };
    const manifest = () => openFile(target, manifestKeyOf(target));
    yield { path: 'manifest.jsonl', bytes: await lengthOf(manifest()), pieces: manifest() };
    for await (const { path, bytes, key } of partsOf(target, manifestDigest))
      yield { path, bytes, pieces: openFile(target, key) };
  }
  const tar = Readable.from(tarOf(files(), at), { objectMode: false, highWaterMark: 256 * 1024 });
  const gzip = createGzip({ level: 6 });
  tar.once('error', (error) => gzip.destroy(error));
  gzip.once('close', () => tar.destroy());
  yield* tar.pipe(gzip) as AsyncIterable<Buffer>;
}

async function lengthOf(pieces: AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const piece of pieces) length += piece.length;
  return length;
}
