import { z } from 'zod';
import { refused } from './refusals.ts';

const PackedHead = z.strictObject({
  /** Any text, but no path to be trusted. */
  name: z.string().min(1).max(4_096),
  /** When its owner wrote it. */
  modifiedAt: z.iso.datetime(),
  /** It is as it was at this moment. */
  at: z.iso.datetime(),
});
export type PackedHead = z.output<typeof PackedHead>;

export interface ObjectToPack extends PackedHead {
  pieces: AsyncIterable<Buffer>;
  /** Asked for when the pieces were read: false when it was changed meanwhile. */
  isWhole(): boolean | Promise<boolean>;
}

export interface PackedObject extends PackedHead {
  /** Read to their end before the next object is asked for. */
  pieces: AsyncIterable<Buffer>;
  /** Known when the pieces were read: false when it was changed while it was packed, and so is worth nothing. */
  isWhole(): boolean;
}

const largestHead = 64 * 1024;
const largestChunk = 1024 * 1024;
const [whole, torn] = [1, 2];

/**
 * Objects behind one another: the length of the head and the head as JSON, then chunks with their lengths, then a length of zero and whether the object
 * stayed the same. Nobody need know before how long an object is.
 */
export async function* packObjects(objects: AsyncIterable<ObjectToPack>): AsyncIterable<Buffer> {
  for await (const { name, modifiedAt, at, pieces, isWhole } of objects) {
    const head = Buffer.from(JSON.stringify({ name, modifiedAt, at } satisfies PackedHead));
    if (head.length > largestHead) throw refused('backup_failed', 'An object has a name that is too long.');
    yield Buffer.concat([lengthOf(head.length), head]);
    for await (const piece of pieces)
      for (let from = 0; from < piece.length; from += largestChunk) {
        const chunk = piece.subarray(from, from + largestChunk);
        yield lengthOf(chunk.length);
        yield chunk;
      }
    yield Buffer.from([0, 0, 0, 0, (await isWhole()) ? whole : torn]);
  }
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes);
  return length;
}

/** Reads what {@link packObjects} gave. Throws `backup_damaged` for anything else. */
export async function* unpackObjects(pieces: AsyncIterable<Buffer>): AsyncIterable<PackedObject> {
  const bytes = new Bytes(pieces);
  try {
    for (let length = await bytes.length(); length !== null; length = await bytes.length()) {
      if (length === 0 || length > largestHead) throw damaged();
      const head = headOf(await bytes.exactly(length));
      let state = 0;
      async function* chunks(): AsyncIterable<Buffer> {
        for (;;) {
          const left = await bytes.length();
          if (left === null || left > largestChunk) throw damaged();
          if (left === 0) break;
          yield* bytes.upTo(left);
        }
        state = (await bytes.exactly(1))[0]!;
        if (state !== whole && state !== torn) throw damaged();
      }
      yield { ...head, pieces: chunks(), isWhole: () => state === whole };
      if (state === 0) throw new Error('an object was not read to its end');
    }
  } finally {
    await bytes.close();
  }
}

const damaged = (cause?: unknown) =>
  refused('backup_damaged', 'The objects of the backup are not what was written.', cause);

function headOf(text: Buffer): PackedHead {
  try {
    return PackedHead.parse(JSON.parse(text.toString()));
  } catch (error) {
    throw damaged(error);
  }
}

/** Takes a stream of bytes apart by lengths. */
class Bytes {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#pieces.next();
      if (done) return false;
      this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
      if (this.#held.length > 0) return true;
    }
  }

  /** Null at the end of everything. */
  async length(): Promise<number | null> {
    if (this.#held.length === 0 && !(await this.#more())) return null;
    return (await this.exactly(4)).readUInt32BE();
  }

  async exactly(count: number): Promise<Buffer> {
    while (this.#held.length < count) if (!(await this.#more())) throw damaged();
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async *upTo(count: number): AsyncIterable<Buffer> {
    for (let left = count; left > 0;) {
      if (this.#held.length === 0 && !(await this.#more())) throw damaged();
      const taken = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(taken.length);
      left -= taken.length;
      yield taken;
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
