const block = 512;
const largestOctal = 0o77777777777;

export interface TarFile {
  /** At most 100 bytes of ASCII, relative, without dots that lead upwards. */
  path: string;
  bytes: number;
  pieces: AsyncIterable<Buffer>;
}

/** A POSIX tar (ustar) of files whose sizes are known, written while it is read. Throws when a file has another size than it said. */
export async function* tarOf(files: AsyncIterable<TarFile>, at: Date): AsyncIterable<Buffer> {
  for await (const { path, bytes, pieces } of files) {
    yield headerOf(path, bytes, at);
    let written = 0;
    for await (const piece of pieces) {
      written += piece.length;
      yield piece;
    }
    if (written !== bytes) throw new Error('a file of the archive has another size than its manifest says');
    if (bytes % block > 0) yield Buffer.alloc(block - (bytes % block));
  }
  yield Buffer.alloc(2 * block);
}

function headerOf(path: string, bytes: number, at: Date): Buffer {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._/-]{0,99}$/.test(path) || /(?:^|\/)\.\.?(?:\/|$)/.test(path))
    throw new Error('this is no path for an archive');
  const header = Buffer.alloc(block);
  header.write(path, 0, 100, 'ascii');
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (bytes <= largestOctal) header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124);
  else {
    header[124] = 0x80; // GNU and POSIX.1-2001 readers take a larger number in base 256
    header.writeBigUInt64BE(BigInt(bytes), 128);
  }
  header.write(
    `${Math.floor(at.getTime() / 1_000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  );
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
