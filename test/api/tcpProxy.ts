import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What a network between us and a server may do. */
export type Weather = 'open' | 'refusing' | 'silent';

/** A wire that a test can cut: `refusing` ends what is open and takes nothing new, `silent` swallows everything (a black hole). */
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
        from.on('data', (data) => proxy.#weather === 'open' && into.write(data));
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

  /** Bytes that were swallowed are lost, so connections from before a silence do not come back to life: they end when it does. */
  become(weather: Weather): void {
    const wasSilent = this.#weather === 'silent';
    this.#weather = weather;
    if (weather === 'refusing' || wasSilent) for (const socket of this.#pairs) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#pairs) socket.destroy();
    await this.#close();
  }
}
