import { Agent, request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { Run, RunStarted } from '#contracts/runs.ts';
import type { NewTenant } from '#contracts/tenants.ts';
import { runIsOver } from '#contracts/runStates.ts';

const patienceMs = 300_000;

/** Talks to the API as the admin's browser does: JSON in and out, and the run's own event stream to see its end. */
export class ApiClient {
  readonly #url: string;
  readonly cookie: string;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(url: string, cookie: string) {
    this.#url = url;
    this.cookie = cookie;
  }

  static async signIn(url: string, credentials: { email: string; password: string }): Promise<ApiClient> {
    const answer = await new ApiClient(url, '').#ask('POST', '/api/v1/session', credentials);
    await bodyOf(answer);
    const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0];
    if (!cookie) throw new Error(`sign-in was answered with ${answer.statusCode} and no cookie`);
    return new ApiClient(url, cookie);
  }

  async createTenant(name: string, more: Partial<NewTenant> = {}): Promise<RunStarted> {
    const answer = await this.#ask('POST', '/api/v1/tenants', { name, ...more });
    const body = await bodyOf(answer);
    if (answer.statusCode !== 202) throw new Error(`creating a tenant was answered with ${answer.statusCode}: ${body}`);
    return JSON.parse(body) as RunStarted;
  }

  /** One request whose answer is JSON; throws when it is not a success. */
  async ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await this.#ask(method, path, body);
    const text = await bodyOf(answer);
    if ((answer.statusCode ?? 500) >= 300)
      throw new Error(`${method} ${path} was answered with ${answer.statusCode}: ${text}`);
    return JSON.parse(text) as Answer;
  }

  /** Resolves when the stream shows the end of the run; throws when it is not `succeeded`. */
  async succeeded(runId: string): Promise<Run> {
    const stream = await this.#ask('GET', `/api/v1/runs/${runId}/events`);
    try {
      for await (const line of createInterface(stream)) {
        if (!line.startsWith('data: ')) continue;
        const run = JSON.parse(line.slice(6)) as Run;
        if (!runIsOver(run.state)) continue;
        if (run.state !== 'succeeded') throw new Error(`run ${runId} ended ${run.state}: ${run.reason}`);
        return run;
      }
    } finally {
      stream.destroy();
    }
    throw new Error(`the events of run ${runId} ended before the run did`);
  }

  #ask(method: string, path: string, body?: object): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = { cookie: this.cookie, ...(body ? { 'content-type': 'application/json' } : {}) };
      const signal = AbortSignal.timeout(patienceMs);
      const asking = request(new URL(path, this.#url), { method, headers, agent: this.#agent, signal }, resolve);
      asking.once('error', reject);
      asking.end(body && JSON.stringify(body));
    });
  }
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}
