import { error, redirect } from '@sveltejs/kit';
import { setUpPath, signInPath } from '#lib/api/nextPath.ts';
import { approvalAsking } from '#lib/api/approvalAsking.svelte.ts';
import { Refusal, refusalFrom, unreachable } from '#lib/api/refusal.ts';
import { stepUp } from '#lib/api/stepUp.svelte.ts';

/** The part of SvelteKit's load event that asking the API needs. */
interface Loading {
  fetch: typeof fetch;
  url: URL;
  untrack: <T>(read: () => T) => T;
}

/** Reads from the API within a `load`: who is not signed in is sent to sign in and comes back, other failures become the error page. */
export async function read<T>({ fetch, url, untrack }: Loading, path: string): Promise<T> {
  try {
    return await ask<T>(fetch, 'GET', path);
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    const { status, problem, message } = failure;
    if (status === 401)
      redirect(
        303,
        untrack(() => signInPath(url)),
      );
    if (problem.code === 'second_factor_required')
      redirect(
        303,
        untrack(() => setUpPath(url)),
      );
    // Not reached is a 503; an address that the API does not understand (no uuid, an old cursor) leads to nothing.
    error(status === 0 ? 503 : status === 400 ? 404 : status, message, {
      ...(problem.code && { code: problem.code }),
      ...(problem.notice && { notice: problem.notice }),
      ...(problem.requestId && { requestId: problem.requestId }),
    });
  }
}

/** The same, where there may be nothing: null instead of the error page. */
export const readIfThere = <T>(event: Loading, path: string): Promise<T | null> => {
  const quiet: typeof fetch = async (input, init) => {
    const response = await event.fetch(input, init);
    return response.status === 404
      ? new Response('null', { headers: { 'content-type': 'application/json' } })
      : response;
  };
  return read<T | null>({ fetch: quiet, url: event.url, untrack: (see) => event.untrack(see) }, path);
};

/** The same, where what answers may be away for a while and the page goes without: null while it is. */
export const readIfUp = <T>(event: Loading, path: string): Promise<T | null> => {
  const quiet: typeof fetch = async (input, init) => {
    const response = await event.fetch(input, init);
    if (response.status !== 503) return response;
    const problem = (await response
      .clone()
      .json()
      .catch(() => null)) as { code?: string } | null;
    return problem?.code === 'dependency_down'
      ? new Response('null', { headers: { 'content-type': 'application/json' } })
      : response;
  };
  return read<T | null>({ fetch: quiet, url: event.url, untrack: (see) => event.untrack(see) }, path);
};

/** Asks the API from the browser, or from a `load` with its own `fetch`; a failure is thrown as a `Refusal`. */
export async function ask<T>(
  using: typeof fetch,
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await using(path, {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw unreachable;
  });
  if (!response.ok) throw await refusalFrom(response);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

/**
 * `ask` from an event handler, with the browser's own fetch. Where the API wants to know again who is there, the person is asked,
 * and the request is repeated; who declines gets the refusal. Where others must approve it first, the person is offered to ask them.
 */
export async function send<T>(
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<T> {
  try {
    return await ask<T>(fetch, method, path, body, headers);
  } catch (failure) {
    const isWanted = failure instanceof Refusal && failure.problem.code === 'step_up_required';
    if (!isWanted || !(await stepUp.confirm())) throw await asked(failure, { method, path, body });
    return ask<T>(fetch, method, path, body, headers).catch(async (again: unknown) => {
      throw await asked(again, { method, path, body });
    });
  }
}

/** The failure itself, or where others must approve first and were asked, one that leads to the request for it. */
async function asked(failure: unknown, sent: { method: string; path: string; body: unknown }): Promise<unknown> {
  if (!(failure instanceof Refusal)) return failure;
  const { status, problem } = failure;
  const { approval } = problem;
  if (problem.code !== 'approval_required' || !approval || approval.approvalId) return failure;
  const approvalId = await approvalAsking.offer({ ...sent, approval });
  if (approvalId === null) return failure;
  const detail = 'Approval was asked for. Nothing has happened yet: do it from there once it is given.';
  return new Refusal(status, { ...problem, detail, approval: { ...approval, approvalId } });
}

/** Makes a query string of what is set: empty values are left out, so addresses stay short. */
export function query(values: Record<string, string | number | null | undefined>): string {
  const set = Object.entries(values).filter((entry) => entry[1] != null && entry[1] !== '');
  return set.length ? `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}` : '';
}
