import type pg from 'pg';

/** As much of node-postgres's connection as a query of its own making needs. */
interface Wire {
  query(text: string): void;
  stream: {
    pause(): void;
    resume(): void;
    destroy(): void;
    on(event: 'data', listener: (chunk: Buffer) => void): void;
    removeListener(event: 'data', listener: (chunk: Buffer) => void): void;
    listeners(event: 'data'): ((chunk: Buffer) => void)[];
  };
}

const pieceBytes = 256 * 1024;
/** So many pieces wait for whoever reads; then PostgreSQL waits. */
const mostWaiting = 3;
const headerBytes = 5;
const [copyData, copyDone, copyOutResponse] = [0x64, 0x63, 0x48];
/** What the server may say at any time: a notice, a parameter, a notification. */
const asides = new Set([0x4e, 0x53, 0x41]);

/**
 * The bytes of `COPY … TO STDOUT` as they come, in pieces of some size. node-postgres makes an object and an event of each row; here its place
 * at the socket is taken while the copy lasts, and given back (PostgreSQL's documentation, 54.7 “Message Formats”). Hand it to `client.query`.
 */
export class RawCopyOut implements pg.Submittable, AsyncIterable<Buffer> {
  readonly #text: string;
  #wire: Wire | null = null;
  #itsListeners: ((chunk: Buffer) => void)[] = [];
  readonly #header = Buffer.alloc(headerBytes);
  #headerAt = 0;
  #type = 0;
  #left = 0;
  #aside: Buffer[] | null = null;
  #piece = Buffer.allocUnsafe(pieceBytes);
  #pieceAt = 0;
  readonly #waiting: Buffer[] = [];
  #isPaused = false;
  #isOver = false;
  #error: Error | null = null;
  #tell: (() => void) | null = null;
  #tag = '';

  constructor(text: string) {
    this.#text = text;
  }

  /** How many rows the server says it sent; known at the end. */
  get rows(): number {
    return Number(/^COPY (\d+)$/.exec(this.#tag)?.[1] ?? NaN);
  }

  submit(connection: unknown): void {
    this.#wire = connection as Wire;
    const { stream } = this.#wire;
    this.#itsListeners = stream.listeners('data');
    for (const listener of this.#itsListeners) stream.removeListener('data', listener);
    stream.on('data', this.#take);
    this.#wire.query(this.#text);
  }

  readonly #take = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length;) {
      if (this.#left === 0 && this.#headerAt < headerBytes) {
        const taken = Math.min(headerBytes - this.#headerAt, chunk.length - at);
        chunk.copy(this.#header, this.#headerAt, at, at + taken);
        this.#headerAt += taken;
        at += taken;
        if (this.#headerAt < headerBytes) return;
        this.#type = this.#header[0]!;
        this.#left = this.#header.readInt32BE(1) - 4;
        if (!this.#mayBeRead()) return this.#giveBack(chunk.subarray(at));
      }
      const taken = Math.min(this.#left, chunk.length - at);
      if (this.#type === copyData) this.#keep(chunk, at, at + taken);
      else if (this.#aside) this.#aside.push(Buffer.from(chunk.subarray(at, at + taken)));
      at += taken;
      this.#left -= taken;
      if (this.#left > 0) return;
      this.#headerAt = 0;
      if (this.#aside) this.#passOn();
      if (this.#type === copyDone) {
        this.#headerAt = headerBytes; // nothing of the rest is ours
        return this.#giveBack(chunk.subarray(at), false);
      }
    }
  };

  #mayBeRead(): boolean {
    if (asides.has(this.#type)) this.#aside = [Buffer.from(this.#header)];
    return this.#type === copyData || this.#type === copyDone || this.#type === copyOutResponse || this.#aside !== null;
  }

  #passOn(): void {
    const message = Buffer.concat(this.#aside ?? []);
    this.#aside = null;
    for (const listener of this.#itsListeners) listener(message);
  }

  /** An error, or the end: node-postgres reads on, from the message that begins with what is in the header. */
  #giveBack(rest: Buffer, withHeader = true): void {
    const { stream } = this.#wire!;
    stream.removeListener('data', this.#take);
    for (const listener of this.#itsListeners) stream.on('data', listener);
    this.#isPaused = false;
    stream.resume();
    const all = withHeader ? Buffer.concat([this.#header, rest]) : rest;
    if (all.length > 0) for (const listener of this.#itsListeners) listener(all);
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    while (from < to) {
      const copied = chunk.copy(this.#piece, this.#pieceAt, from, to);
      from += copied;
      this.#pieceAt += copied;
      if (this.#pieceAt < pieceBytes) return;
      this.#hand();
      if (this.#waiting.length >= mostWaiting && !this.#isPaused) {
        this.#isPaused = true;
        this.#wire!.stream.pause();
      }
    }
  }

  #hand(): void {
    if (this.#pieceAt > 0) this.#waiting.push(this.#piece.subarray(0, this.#pieceAt));
    this.#piece = Buffer.allocUnsafe(pieceBytes);
    this.#pieceAt = 0;
    this.#tell?.();
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#tag = text;
  }

  handleError(error: Error): void {
    this.#error ??= error;
    this.#isOver = true;
    this.#tell?.();
  }

  handleReadyForQuery(): void {
    this.#hand();
    this.#isOver = true;
    this.#tell?.();
  }

  /** Whoever stops reading before the end ends the connection: the rest of the rows would come all the same. */
  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    let isRead = false;
    try {
      for (;;) {
        const piece = this.#waiting.shift();
        if (piece) {
          yield piece;
          continue;
        }
        if (this.#error) throw this.#error;
        if (this.#isOver) break;
        if (this.#isPaused) {
          this.#isPaused = false;
          this.#wire!.stream.resume();
        }
        await new Promise<void>((resolve) => (this.#tell = resolve));
        this.#tell = null;
      }
      isRead = true;
    } finally {
      if (!isRead && !this.#isOver) this.#wire?.stream.destroy();
    }
  }
}
