import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import type { Problem } from '#contracts/problems.ts';
import { startApi, type RunningApi } from '#api/server.ts';
import type { Configuration } from '#domain/configuration.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { createLogger } from '#observability/logging.ts';
import { TestInstallation, type Servers } from '#test/servers/installation.ts';

export const owner = { email: 'owner@example.org', password: 'correct horse battery staple' };

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Undefined when the answer is not JSON. */
  body: Body;
}

export interface Asking {
  body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  raw?: string | Buffer;
  headers?: Record<string, string>;
  cookie?: string | null;
}

/** Asks as a program would: by plain node:http, so that no client tidies up paths, headers or bodies. */
export function ask<Body = Record<string, unknown>>(
  origin: string,
  method: string,
  path: string,
  { body, raw, headers = {}, cookie = null }: Asking = {},
): Promise<Answer<Body>> {
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      hostname,
      port,
      method,
      path,
      agent: false,
      headers: {
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
        ...(cookie === null ? {} : { cookie }),
        ...headers,
      },
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = /json\b/.test(response.headers['content-type'] ?? '');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          body: (isJson && text !== '' ? JSON.parse(text) : undefined) as Body,
        });
      });
    });
    request.end(payload);
  });
}

/** An API of its own for one test file, with an owner; a worker only when asked for. */
export class ApiInstallation {
  readonly installation: TestInstallation;
  readonly logLines: string[];
  readonly api: RunningApi;
  cookie = '';

  private constructor(installation: TestInstallation, api: RunningApi, logLines: string[]) {
    this.installation = installation;
    this.api = api;
    this.logLines = logLines;
  }

  static async start(
    change: (configuration: Configuration) => Configuration = (same) => same,
    overrides: Record<string, string> = {},
    servers?: Servers,
  ): Promise<ApiInstallation> {
    const installation = await TestInstallation.start(overrides, servers);
    const logLines: string[] = [];
    const logger = createLogger('test', { level: 'debug', pretty: false, write: (line) => logLines.push(line) });
    const api = await startApi(change(installation.configuration), { logger });
    const self = new ApiInstallation(installation, api, logLines);
    await createOwner(installation.em, owner.email, owner.password);
    self.cookie = await self.signIn();
    return self;
  }

  get url(): string {
    return this.api.url;
  }

  /** A new session's cookie pair. */
  async signIn(tries = 10): Promise<string> {
    const { status, headers, text } = await ask(this.url, 'POST', '/api/v1/session', { body: owner });
    // As a client does that is told to come later: on a busy machine not everybody gets a connection in time.
    if (status === 503 && tries > 1) {
      await delay(Number(headers['retry-after'] ?? 1) * 1_000);
      return this.signIn(tries - 1);
    }
    const cookie = headers['set-cookie']?.[0]?.split(';')[0];
    if (status !== 201 || !cookie) throw new Error(`sign-in was refused: ${status} ${text}`);
    return cookie;
  }

  /** As the owner. */
  ask<Body = Record<string, unknown>>(method: string, path: string, asking: Asking = {}): Promise<Answer<Body>> {
    return ask<Body>(this.url, method, path, { cookie: this.cookie, ...asking });
  }

  async refusal(method: string, path: string, asking: Asking = {}): Promise<Problem> {
    const { status, body, text } = await this.ask<Problem>(method, path, asking);
    if (status < 400) throw new DomainError('internal', `${method} ${path} was not refused: ${status} ${text}`);
    return body;
  }

  async stop(): Promise<void> {
    await this.api.stop();
    await this.installation.stop();
  }
}

/** What a stack trace, a file name or a database's own words would look like in an answer. */
export const insides = /\bat .+:\d+:\d+|node_modules|\.ts\b|select |insert into|violates|PostgresError|ECONN/i;
