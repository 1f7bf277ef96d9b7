import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const magic = Buffer.from('TENANTRY-SEALED-1');
const saltBytes = 32;
const chunkBytes = 64 * 1024;
const tagBytes = 16;

/** A file that is not what was sealed: another key, another file, changed, cut or lengthened. */
export class BrokenSeal extends Error {
  override readonly name = 'BrokenSeal';
}

/**
 * Seals a file of any length in bounded memory: chunks of 64 KiB, each AES-256-GCM under a key that is this file's alone (HKDF over a
 * random salt), its nonce the chunk's number and whether it is the last. So no chunk can be changed, moved, left out or taken from
 * another file, and no end cut off. (The STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár.)
 *
 * @param context says what the file is, so that one cannot be passed off as another
 */
export async function* sealFile(key: Buffer, pieces: AsyncIterable<Buffer>, context: string): AsyncIterable<Buffer> {
  const salt = randomBytes(saltBytes);
  const fileKey = fileKeyOf(key, salt, context);
  yield Buffer.concat([magic, salt]);
  let number = 0;
  for await (const { chunk, isLast } of inChunks(pieces, chunkBytes)) {
    const cipher = createCipheriv('aes-256-gcm', fileKey, nonceOf(number++, isLast));
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }
}

/** Throws {@link BrokenSeal} before it yields anything that was not sealed so; what came before the break was. */
export async function* unsealFile(key: Buffer, pieces: AsyncIterable<Buffer>, context: string): AsyncIterable<Buffer> {
  const headBytes = magic.length + saltBytes;
  let fileKey: Buffer | null = null;
  let number = 0;
  for await (const { chunk, isLast } of inChunks(pieces, chunkBytes + tagBytes, headBytes)) {
    if (fileKey === null) {
      if (chunk.length < headBytes || !chunk.subarray(0, magic.length).equals(magic) || isLast)
        throw new BrokenSeal('this is no sealed file');
      fileKey = fileKeyOf(key, chunk.subarray(magic.length), context);
      continue;
    }
    yield open(fileKey, chunk, nonceOf(number++, isLast));
  }
}

function open(fileKey: Buffer, chunk: Buffer, nonce: Buffer): Buffer {
  if (chunk.length < tagBytes) throw new BrokenSeal('the file is cut short');
  try {
    const decipher = createDecipheriv('aes-256-gcm', fileKey, nonce);
    decipher.setAuthTag(chunk.subarray(-tagBytes));
    return Buffer.concat([decipher.update(chunk.subarray(0, -tagBytes)), decipher.final()]);
  } catch (error) {
    throw new BrokenSeal('the seal is broken', { cause: error });
  }
}

const fileKeyOf = (key: Buffer, salt: Buffer, context: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, `tenantry/file/${context}`, 32));

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 3);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Chunks of one size, the last of up to it; the first may have a size of its own. There is always a last one, be it empty. */
async function* inChunks(
  pieces: AsyncIterable<Buffer>,
  size: number,
  firstSize = size,
): AsyncIterable<{ chunk: Buffer; isLast: boolean }> {
  let held: Buffer[] = [];
  let length = 0;
  let wanted = firstSize;
  for await (const piece of pieces) {
    for (let rest = piece; rest.length > 0;) {
      if (length === wanted) {
        yield { chunk: joined(held), isLast: false };
        [held, length, wanted] = [[], 0, size];
      }
      const taken = rest.subarray(0, wanted - length);
      held.push(taken);
      length += taken.length;
      rest = rest.subarray(taken.length);
    }
  }
  yield { chunk: joined(held), isLast: true };
}

const joined = (pieces: Buffer[]): Buffer => (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
