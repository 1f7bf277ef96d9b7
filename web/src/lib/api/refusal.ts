import type { Problem } from '#contracts/problems.ts';

/** What the API said no with, or that it could not be reached; `message` may be shown as it is. */
export class Refusal extends Error {
  readonly status: number;
  readonly problem: Partial<Problem>;
  /** When it may be tried again, where the answer said so (`Retry-After`, RFC 9110 10.2.3, in seconds). */
  readonly waitUntil: number | null;

  constructor(status: number, problem: Partial<Problem>, retryAfterSeconds: number | null = null) {
    super(problem.detail || problem.title || 'Something went wrong.');
    this.name = 'Refusal';
    this.status = status;
    this.problem = problem;
    this.waitUntil = retryAfterSeconds === null ? null : Date.now() + retryAfterSeconds * 1000;
  }

  /** The first message for each field, by its dotted path. */
  get fields(): Record<string, string> {
    const byPath: Record<string, string> = {};
    for (const { path, message } of this.problem.fields ?? []) byPath[path] ??= message;
    return byPath;
  }
}

/** Reads a failed answer, whoever wrote it: the API, or a proxy in front of it that knows nothing of problems. */
export async function refusalFrom(response: Response): Promise<Refusal> {
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  const problem = isJson ? ((await response.json().catch(() => ({}))) as Partial<Problem>) : {};
  const seconds = Number(response.headers.get('retry-after') || NaN);
  const wait = response.status === 429 && Number.isFinite(seconds) ? seconds : null;
  return new Refusal(response.status, { title: `The server answered ${response.status}.`, ...problem }, wait);
}

export const unreachable = new Refusal(0, {
  code: 'dependency_down',
  title: 'Tenantry cannot be reached',
  detail: 'Tenantry cannot be reached. Nothing was lost: check the connection and try again.',
});

/** Any failure as one that can be shown. */
export function refusalOf(failure: unknown): Refusal {
  if (failure instanceof Refusal) return failure;
  console.error(failure);
  return new Refusal(500, { title: 'Something went wrong in this page. Reload it and try again.' });
}
