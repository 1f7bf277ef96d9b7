import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from '../progress.ts';

const attempts = 5;

/** An answer that is no success, as the API told it (RFC 9457). */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, problem: { code?: string; title?: string; detail?: string }, what: string) {
    super(`${what}: ${status} ${problem.code ?? ''} ${problem.detail ?? problem.title ?? ''}`.trim());
    this.status = status;
    this.code = problem.code ?? '';
  }
}

export interface ApiClient {
  get<T>(path: string): Promise<T>;
  send<T>(method: 'POST' | 'DELETE', path: string, body: unknown): Promise<T>;
}

/** What any caller of the public API does: JSON, the session's cookie, and patience with a 503. */
export function apiClient(base: string, cookie: string): ApiClient {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: { cookie, accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }).catch((cause: Error) => {
        throw new SetupError(`${base} does not answer: ${(cause.cause as Error)?.message ?? cause.message}`, { cause });
      });
      if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
      if (response.status === 503 && attempt < attempts) {
        await sleep(1000 * Math.min(5, Number(response.headers.get('retry-after')) || 1));
        continue;
      }
      const problem = (await response.json().catch(() => ({}))) as { code?: string };
      throw new Refusal(response.status, problem, `${method} ${path}`);
    }
  };
  return { get: (path) => call('GET', path), send: call };
}
