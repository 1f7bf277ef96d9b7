import { MessageChannel, Worker } from 'node:worker_threads';
import pg from 'pg';
import type { DumpWork } from './dumpWorker.ts';

/** As much of node-postgres's connection as is needed to take its place once it has signed in. */
interface Wire {
  on(event: 'parameterStatus', listener: (told: { parameterName: string; parameterValue: string }) => void): void;
  stream: NodeJS.ReadWriteStream & { destroy(): void };
}

const [query, sync, ready] = [0x51, 0x53, 0x5a];
/** Requests for encryption, which a client may send before all else (PostgreSQL's documentation, 54.7, SSLRequest and GSSENCRequest). */
const encryption = new Set([80877103, 80877104]);

/**
 * What pg_dump writes of a database. It runs in a thread of its own, which waits while this one speaks to the server: there is no other way
 * for a program without an event loop.
 *
 * @param module where the package's pg_dump lies
 * @param args as on a command line; rows are better left to others: everything is held in memory
 */
export async function dumpSchema(module: string, config: pg.ClientConfig, args: string[]): Promise<string> {
  const client = new pg.Client(config);
  client.on('error', () => undefined); // its end is told to pg_dump
  const wire = (client as unknown as { connection: Wire }).connection;
  const parameters: Buffer[] = [];
  wire.on('parameterStatus', ({ parameterName, parameterValue }) => {
    parameters.push(message('S', Buffer.from(`${parameterName}\0${parameterValue}\0`)));
  });
  await client.connect();
  const welcome = Buffer.concat([
    message('R', Buffer.alloc(4)),
    ...parameters,
    message('K', Buffer.alloc(8)),
    message('Z', Buffer.from('I')),
  ]);
  const { port1: ours, port2: port } = new MessageChannel();
  const turn = new SharedArrayBuffer(4);
  const work: DumpWork = { module, args, port, turn };
  const worker = new Worker(new URL('./dumpWorker.ts', import.meta.url), { workerData: work, transferList: [port] });
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', ({ text, error }: { text?: string; error?: string }) =>
        text === undefined ? reject(new Error(error)) : resolve(text),
      );
      const answer = (bytes: Buffer) => {
        ours.postMessage(bytes);
        Atomics.store(new Int32Array(turn), 0, 1);
        Atomics.notify(new Int32Array(turn), 0);
      };
      const server = new Answers(wire.stream, answer);
      const asked = new Requests();
      ours.on('message', (bytes: Uint8Array) => {
        const { isRefused, begins, expected } = asked.take(Buffer.from(bytes));
        if (begins) return answer(welcome);
        if (isRefused) return answer(Buffer.from('N'));
        return server.ask(bytes, expected);
      });
    });
  } finally {
    ours.close();
    await worker.terminate();
    wire.stream.destroy();
  }
}

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** Reads what a client sends, which may be cut anywhere, as far as to know how many answers will come. */
export class Requests {
  #rest = Buffer.alloc(0);
  #hasBegun = false;

  take(bytes: Buffer): { begins: boolean; isRefused: boolean; expected: number } {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (!this.#hasBegun) {
      if (this.#rest.length < 8 || this.#rest.length < this.#rest.readInt32BE(0))
        return { begins: false, isRefused: false, expected: 0 };
      const code = this.#rest.readInt32BE(4);
      this.#rest = this.#rest.subarray(this.#rest.readInt32BE(0));
      this.#hasBegun = !encryption.has(code);
      return { begins: this.#hasBegun, isRefused: !this.#hasBegun, expected: 0 };
    }
    let expected = 0;
    while (this.#rest.length >= 5) {
      const length = 1 + this.#rest.readInt32BE(1);
      if (this.#rest.length < length) break;
      if (this.#rest[0] === query || this.#rest[0] === sync) expected += 1;
      this.#rest = this.#rest.subarray(length);
    }
    return { begins: false, isRefused: false, expected };
  }
}

/** Passes requests on, and the server's answers back once they are whole. */
class Answers {
  readonly #stream: Wire['stream'];
  readonly #answer: (bytes: Buffer) => void;
  #expected = 0;
  #got: Buffer[] = [];
  readonly #header = Buffer.alloc(5);
  #headerAt = 0;
  #left = 0;
  #hasEnded = false;

  constructor(stream: Wire['stream'], answer: (bytes: Buffer) => void) {
    this.#stream = stream;
    this.#answer = answer;
    stream.removeAllListeners('data');
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    for (const end of ['close', 'error']) stream.on(end, () => this.#end());
    stream.resume();
  }

  ask(bytes: Uint8Array, expected: number): void {
    if (this.#hasEnded) return this.#answer(Buffer.alloc(0));
    this.#stream.write(bytes);
    if (expected === 0) return this.#answer(Buffer.alloc(0));
    this.#expected = expected;
  }

  #take(chunk: Buffer): void {
    this.#got.push(chunk);
    for (let at = 0; at < chunk.length;) {
      if (this.#left === 0 && this.#headerAt < 5) {
        const taken = Math.min(5 - this.#headerAt, chunk.length - at);
        chunk.copy(this.#header, this.#headerAt, at, at + taken);
        this.#headerAt += taken;
        at += taken;
        if (this.#headerAt < 5) break;
        this.#left = this.#header.readInt32BE(1) - 4;
      }
      const taken = Math.min(this.#left, chunk.length - at);
      this.#left -= taken;
      at += taken;
      if (this.#left > 0) break;
      this.#headerAt = 0;
      if (this.#header[0] !== ready || this.#expected === 0) continue;
      this.#expected -= 1;
      if (this.#expected === 0) this.#hand();
    }
  }

  /** What the server says unasked goes with the next answer. */
  #hand(): void {
    const whole = Buffer.concat(this.#got);
    this.#got = [];
    this.#answer(whole);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#expected > 0) this.#answer(Buffer.concat(this.#got));
  }
}
