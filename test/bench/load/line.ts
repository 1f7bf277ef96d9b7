import { connect, type Socket } from 'node:net';

const endOfHead = Buffer.from('\r\n\r\n');

/**
 * One connection that is kept, and one request at a time on it, written and read as bytes: a client of more comfort costs more than
 * the server that it measures.
 */
export class Line {
  readonly #socket: Socket;
  #waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | null = null;
  #held: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  static open(url: string): Promise<Line> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => resolve(new Line(socket)));
      socket.once('error', reject);
    });
  }

  /** @returns the status of the answer */
  ask(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #read(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const end = this.#held.indexOf(endOfHead);
    if (end < 0) return;
    const head = this.#held.toString('latin1', 0, end);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) return this.#fail(new Error(`an answer without a length: ${head}`));
    if (this.#held.length < end + 4 + Number(length)) return;
    this.#held = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(Number(head.slice(9, 12)));
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = null;
  }
}

/** What one request of a load asks. */
export interface Asked {
  headers: Record<string, string>;
  /** Sent by POST, as JSON; without one it is a GET. */
  body?: object;
}

export function requestOf(url: string, path: string, { headers, body }: Asked): Buffer {
  const content = body === undefined ? '' : JSON.stringify(body);
  const ofContent = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(content)) };
  return Buffer.from(
    [
      `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1`,
      `Host: ${new URL(url).host}`,
      ...Object.entries({ ...headers, ...(body === undefined ? {} : ofContent) }).map((pair) => pair.join(': ')),
      '',
      content,
    ].join('\r\n'),
  );
}
