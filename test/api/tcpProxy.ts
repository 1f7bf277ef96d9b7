import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What a network between us and a server may do. */
export type Weather = 'open' | 'refusing' | 'silent' | 'deaf' | 'late' | 'narrow';

const latenessMs = 5_000;
const bytesASecond = 1_000;
const bytesAtOnce = 100;

/**
 * A wire that a test can spoil: `refusing` ends what is open and takes nothing new, `silent` swallows everything (a black hole),
 * `deaf` lets requests through and swallows the answers, `late` brings everything five seconds later, `narrow` lets 1 kB a second
 * through each way.
 */
export class TcpProxy {
  readonly port: number;
  readonly #close: () => Promise<void>;
  readonly #pairs = new Set<Socket>();
  #weather: Weather = 'open';

  private constructor(port: number, pairs: Set<Socket>, close: () => Promise<void>) {
    this.port = port;
    this.#pairs = pairs;
    this.#close = close;
  }

  static async to(host: string, port: number): Promise<TcpProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      if (proxy.#weather === 'refusing') return void client.destroy();
      const upstream = connect(port, host);
      for (const [from, into] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(from);
        const lane = new Lane(into);
        from.on('data', (data) => proxy.#pass(data, lane, from === client));
        from.on('error', () => undefined);
        from.once('close', () => {
          sockets.delete(from);
          into.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new TcpProxy(
      (server.address() as AddressInfo).port,
      sockets,
      () => new Promise((resolve) => server.close(() => resolve())),
    );
    return proxy;
  }

  #pass(data: Buffer, lane: Lane, isRequest: boolean): void {
    if (this.#weather === 'silent' || (this.#weather === 'deaf' && !isRequest)) return;
    if (this.#weather === 'late') lane.send(data, latenessMs);
    else if (this.#weather === 'narrow')
      for (let from = 0; from < data.length; from += bytesAtOnce)
        lane.send(data.subarray(from, from + bytesAtOnce), 0, (1_000 * bytesAtOnce) / bytesASecond);
    else lane.send(data, 0);
  }

  /** Bytes that were swallowed are lost, so connections from before a silence do not come back to life: they end when it does. */
  become(weather: Weather): void {
    const wasSilent = this.#weather === 'silent' || this.#weather === 'deaf';
    this.#weather = weather;
    if (weather === 'refusing' || wasSilent) for (const socket of this.#pairs) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#pairs) socket.destroy();
    await this.#close();
  }
}

/** One way of a connection: what is sent keeps its order, however late it is. */
class Lane {
  readonly #into: Socket;
  #freeAt = 0;
  #waiting = 0;

  constructor(into: Socket) {
    this.#into = into;
  }

  /** @param takesMs how long the wire is busy with it */
  send(data: Buffer, afterMs: number, takesMs = 0): void {
    const now = performance.now();
    this.#freeAt = Math.max(this.#freeAt, now + afterMs) + takesMs;
    if (this.#waiting === 0 && this.#freeAt <= now) return void this.#into.write(data);
    this.#waiting += 1;
    setTimeout(() => {
      this.#waiting -= 1;
      if (!this.#into.destroyed) this.#into.write(data);
    }, this.#freeAt - now).unref();
  }
}
