import type { RequestEvent } from '@sveltejs/kit';
import type { Handle, HandleFetch, HandleServerError } from '@sveltejs/kit/hooks';
import process from 'node:process';

/** What the API answers; everything else of this origin is pages. */
const apiPaths = /^\/(?:api|health|t)\//;

/**
 * Where the API that serves this request listens: pages run inside the API's process, so it is the socket the request
 * came in on. `TENANTRY_API_ORIGIN` says it for `vite dev`, where pages have a process of their own.
 */
function apiOriginOf(event: RequestEvent): string {
  const socket = event.platform?.req.socket;
  if (!socket?.localPort) return process.env.TENANTRY_API_ORIGIN ?? 'http://127.0.0.1:4400';
  const host = socket.localAddress?.includes(':') ? `[${socket.localAddress}]` : socket.localAddress;
  return `http://${host}:${socket.localPort}`;
}

/** Sends what a page's `load` asks of the API to this process's own API, as the person who asked for the page. */
export const handleFetch: HandleFetch = async ({ event, request, fetch }) => {
  const { origin, pathname, search } = new URL(request.url);
  if (origin !== event.url.origin || !apiPaths.test(pathname)) return fetch(request);

  const asked = new Request(apiOriginOf(event) + pathname + search, request);
  for (const name of ['cookie', 'x-request-id', 'x-forwarded-for', 'x-forwarded-proto', 'user-agent']) {
    const value = event.request.headers.get(name);
    if (value) asked.headers.set(name, value);
  }
  // Straight to the network: SvelteKit's own fetch would take the API's routes for pages.
  return globalThis.fetch(asked, { redirect: 'manual' });
};

/** What a page's `load` reads of an answer; any other header that it asked for would end it as a failure of ours. */
const readHeaders = new Set(['content-type', 'retry-after']);

export const handle: Handle = async ({ event, resolve }) => {
  const response = await resolve(event, { filterSerializedResponseHeaders: (name) => readHeaders.has(name) });
  // Pages show what one person may see: no cache between them and us may keep a copy.
  if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'private, no-store');
  return response;
};

/** Nothing of an unexpected failure reaches the page but the number to ask for. */
export const handleError: HandleServerError = ({ kind, error, event }) => {
  if (kind === 'unknown') console.error(error);
  return { requestId: event.request.headers.get('x-request-id') ?? undefined };
};
