import { Readable } from 'node:stream';
import type { RestoreSource } from '../../provider.ts';

type Part = Parameters<RestoreSource['open']>[0];

/** The one that is asked for, and those behind it. */
const openAtOnce = 3;
/** Of some 100 KB each. */
const piecesAhead = 8;

/**
 * Parts in the order in which they will be asked for, the first pieces of each read before: while the server makes tables and builds indexes, what goes
 * into the next ones is fetched, unsealed and unpacked.
 */
export class PartsAhead {
  readonly #coming: Part[];
  readonly #open: RestoreSource['open'];
  readonly #opened = new Map<Part, Readable>();

  constructor(parts: readonly Part[], open: RestoreSource['open']) {
    [this.#coming, this.#open] = [[...parts], open];
    this.#fill();
  }

  /** Each part once. What reading it throws is thrown here, whenever it was read. */
  readonly open: RestoreSource['open'] = (part) => {
    const stream = this.#opened.get(part);
    if (!stream) return this.#open(part); // out of its turn
    this.#opened.delete(part);
    this.#fill();
    return stream;
  };

  close(): void {
    this.#coming.length = 0;
    for (const stream of this.#opened.values()) stream.destroy();
  }

  #fill(): void {
    while (this.#opened.size < openAtOnce - 1) {
      const part = this.#coming.shift();
      if (part === undefined) return;
      const stream = Readable.from(this.#open(part), { objectMode: true, highWaterMark: piecesAhead });
      stream.on('error', () => undefined); // told to whoever reads it
      stream.read(0);
      this.#opened.set(part, stream);
    }
  }
}
