import type { Request, Response } from 'express';
import { DomainError } from '#contracts/errors.ts';
import { isLoopback } from './plainHttp.ts';

/** The origins under which browsers know this API: the public one, and on loopback its other spellings. */
export function ownOrigins(publicUrl: string, port: number): ReadonlySet<string> {
  const origins = new Set([new URL(publicUrl).origin]);
  if (isLoopback(new URL(publicUrl).hostname))
    for (const host of ['localhost', '127.0.0.1', '[::1]']) origins.add(`http://${host}:${port}`);
  return origins;
}

/**
 * A browser's request that changes something must come from our own pages: `Sec-Fetch-Site` says so, else `Origin`. A request
 * with neither is not a browser's (OWASP CSRF prevention, Fetch metadata).
 *
 * @param invited origins whose pages may ask this route too
 */
export function refuseCrossOrigin(
  request: Request,
  own: ReadonlySet<string>,
  invited: ReadonlySet<string> = nobody,
): void {
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  if (origin !== undefined && invited.has(origin)) return;
  const allowed =
    site === undefined ? origin === undefined || own.has(origin) : site === 'same-origin' || site === 'none';
  if (!allowed) throw new DomainError('cross_origin', 'This request came from a page of another origin.');
}

const nobody: ReadonlySet<string> = new Set();
const keepPreflightSeconds = 600;

/**
 * Lets the pages of invited origins read the answer and send their sign-in along (Fetch standard, CORS protocol). Others are told
 * nothing, so their browsers refuse.
 */
export function inviteOrigin(
  request: Request,
  response: Response,
  invited: ReadonlySet<string>,
  methods: string,
): void {
  response.vary('Origin');
  const { origin } = request.headers;
  if (origin === undefined || !invited.has(origin)) return;
  response.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' });
  if (request.method !== 'OPTIONS') return;
  response.set({
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': 'Content-Type, X-Namespace, Authorization, Authorization-Extras',
    'Access-Control-Max-Age': String(keepPreflightSeconds),
  });
}
