import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Called {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  body: {
    tenantId: string;
    runId: string;
    stepId: string;
    number: number;
    verb: 'act' | 'undo';
    input: Record<string, unknown>;
    callback: { url: string; expiresAt: string };
  };
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A service of the SaaS team that http steps call: remembers each call and answers as the test says. */
export class CallReceiver {
  readonly calls: Called[] = [];
  readonly url: string;
  reply: (call: Called) => Reply | Promise<Reply> = () => ({ status: 200, body: {} });
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<CallReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const service = new CallReceiver(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const body = JSON.parse(text) as Called['body'];
        const call = { path: request.url ?? '', headers: request.headers, text, body };
        service.calls.push(call);
        void Promise.resolve(service.reply(call)).then(({ status, headers = {}, body: answer }) =>
          response.writeHead(status, headers).end(answer === undefined ? '' : JSON.stringify(answer)),
        );
      });
    });
    return service;
  }

  /** Those for one tenant, as `<path> <verb>`. */
  callsFor(tenantId: string): string[] {
    return this.calls.filter(({ body }) => body.tenantId === tenantId).map(({ path, body }) => `${path} ${body.verb}`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
