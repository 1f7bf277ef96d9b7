import { Readable, Writable } from 'node:stream';
import type pg from 'pg';

/** What node-postgres tells a query of its own making. */
interface Wire {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(why: string): void;
  stream: NodeJS.WritableStream & { pause(): void; resume(): void; writableNeedDrain?: boolean };
}

/** Reads `COPY … TO STDOUT` as the server writes it, no faster than it is taken: PostgreSQL waits. Hand it to `client.query`. */
export class CopyFromServer extends Readable implements pg.Submittable {
  readonly #text: string;
  readonly #shape: (row: Buffer) => Buffer;
  #wire: Wire | null = null;
  rows = 0;

  /** @param shape what becomes of each row; its bytes are the connection's, and must be copied */
  constructor(text: string, shape: (row: Buffer) => Buffer = (row) => Buffer.from(row)) {
    super({ highWaterMark: 256 * 1024 });
    this.#text = text;
    this.#shape = shape;
    this.on('error', () => undefined); // who reads is told by the reading; who does not must not end the process
  }

  submit(connection: unknown): void {
    this.#wire = connection as Wire;
    this.#wire.query(this.#text);
  }

  override _read(): void {
    this.#wire?.stream.resume();
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.rows += 1;
    if (!this.push(this.#shape(chunk))) this.#wire?.stream.pause();
  }

  handleCommandComplete(): void {
    this.#wire?.stream.resume(); // after its end nobody asks for more
    this.push(null);
  }

  handleError(error: Error): void {
    this.#wire?.stream.resume();
    this.destroy(error);
  }

  handleReadyForQuery(): void {}
}

/** Writes `COPY … FROM STDIN`, no faster than the server takes it. It is finished when the server has taken all of it. */
export class CopyToServer extends Writable implements pg.Submittable {
  readonly #text: string;
  #wire: Wire | null = null;
  #isOver = false;
  #goOn: ((error?: Error) => void) | null = null;
  #finished: ((error?: Error) => void) | null = null;
  rows = 0;

  constructor(text: string) {
    super({ highWaterMark: 256 * 1024 });
    this.#text = text;
    this.on('error', () => undefined);
  }

  submit(connection: unknown): void {
    this.#wire = connection as Wire;
    this.#wire.query(this.#text);
  }

  /** Nothing is written before the server has asked for it. */
  override _construct(ready: (error?: Error) => void): void {
    this.#goOn = ready;
  }

  handleCopyInResponse(): void {
    this.#proceed();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    const { stream } = this.#wire!;
    this.#wire!.sendCopyFromChunk(chunk);
    if (stream.writableNeedDrain !== true) return done();
    this.#goOn = done;
    stream.once('drain', () => this.#proceed());
  }

  override _final(done: (error?: Error) => void): void {
    this.#finished = done;
    this.#wire!.endCopyFrom();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#isOver) this.#wire?.sendCopyFail(error?.message ?? 'given up');
    this.#isOver = true;
    done(error);
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#isOver = true;
    this.rows = Number(/^COPY (\d+)$/.exec(text)?.[1] ?? 0);
    this.#finished?.();
  }

  handleError(error: Error): void {
    this.#isOver = true;
    const waiting = this.#finished ?? this.#goOn;
    this.#goOn = null;
    if (waiting) waiting(error);
    else this.destroy(error);
  }

  handleReadyForQuery(): void {}

  #proceed(): void {
    const goOn = this.#goOn;
    this.#goOn = null;
    goOn?.();
  }
}
