import type pg from 'pg';

interface Wire {
  query(text: string): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
  stream: {
    writable: boolean;
    cork(): void;
    uncork(): void;
    write(chunk: Buffer): boolean;
    once(event: 'drain' | 'close', listener: () => void): void;
    removeListener(event: 'drain' | 'close', listener: () => void): void;
  };
}

/**
 * Sends pieces by `COPY … FROM STDIN`, no faster than the server takes them. Hand it to `client.query`, then wait for {@link done}.
 * A message may end anywhere in a row, so nothing is put together or taken apart.
 */
export class RawCopyIn implements pg.Submittable {
  readonly #text: string;
  readonly #pieces: AsyncIterable<Buffer>;
  readonly #ended = Promise.withResolvers<number>();
  #wire: Wire | null = null;
  #tag = '';
  #error: unknown = null;
  #isOver = false;

  constructor(text: string, pieces: AsyncIterable<Buffer>) {
    this.#text = text;
    this.#pieces = pieces;
    this.#ended.promise.catch(() => undefined); // told to whoever waits
  }

  /** How many rows the server took. Throws what the pieces threw, or the server's error. */
  get done(): Promise<number> {
    return this.#ended.promise;
  }

  submit(connection: unknown): void {
    this.#wire = connection as Wire;
    this.#wire.query(this.#text);
  }

  handleCopyInResponse(): void {
    void this.#send();
  }

  async #send(): Promise<void> {
    const wire = this.#wire!;
    try {
      for await (const piece of this.#pieces) {
        if (this.#isOver) return; // the server has refused it already
        if (!this.#write(piece)) await this.#drained();
      }
      if (!this.#isOver) wire.endCopyFrom();
    } catch (error) {
      this.#error = error;
      // The reason stays here: what a piece's error says need not be in the server's log.
      if (!this.#isOver && wire.stream.writable) wire.sendCopyFail('the source failed');
    }
  }

  #write(piece: Buffer): boolean {
    const { stream } = this.#wire!;
    const header = Buffer.allocUnsafe(5);
    header[0] = 0x64;
    header.writeInt32BE(piece.length + 4, 1);
    stream.cork();
    stream.write(header);
    const goOn = stream.write(piece);
    stream.uncork();
    return goOn;
  }

  #drained(): Promise<void> {
    const { stream } = this.#wire!;
    return new Promise((resolve) => {
      const goOn = () => {
        stream.removeListener('drain', goOn);
        stream.removeListener('close', goOn);
        resolve();
      };
      stream.once('drain', goOn);
      stream.once('close', goOn);
    });
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#tag = text;
  }

  handleError(error: Error): void {
    this.#isOver = true;
    this.#ended.reject((this.#error as Error | null) ?? error);
  }

  handleReadyForQuery(): void {
    this.#isOver = true;
    this.#ended.resolve(Number(/^COPY (\d+)$/.exec(this.#tag)?.[1] ?? 0));
  }
}
